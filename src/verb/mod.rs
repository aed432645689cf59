//! What are the commands? One file each: arguments, one domain call, the answer.
