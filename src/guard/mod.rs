//! Does a change stay inside its stream, and where is that asked?
