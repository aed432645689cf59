//! Can bytes that call themselves a request, an announcement or a note of what is under way make
//! the reader panic, or be taken for something else than what is then written?

#![no_main]

use git_stream::ledger::judge_asked;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    judge_asked(bytes);
});
