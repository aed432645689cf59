//! Who is calling, and how is a stream taken, held and given back?
