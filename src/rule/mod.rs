//! Does a change stay inside its stream?
