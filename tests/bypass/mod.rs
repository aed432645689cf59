//! Which layer stops each way round the guard, and does landing's check stop every one?
//!
//! `ways/*.ways` holds the ways: a name, a sentence and the commands, which `sh` really runs in the
//! worktree of a stream that an agent holds, with `prelude.sh` at hand and `forge.py` for what no
//! command of git's writes. Each is performed twice: in a repository without any guard, where it
//! shows what it does, and in one that git stream guards; what gets past is performed once more
//! with the strict layer. What stopped it is not written down
//! with the way but found out afterwards: [`trace`] reads which hook refused or told, [`breach`]
//! looks at the history with git alone, [`perform`] asks our programs, [`table`] writes it down.
//!
//! The page `docs/bypasses.md` is made from that: `UPDATE_PAGES=1 cargo test --test suite bypass`
//! writes it anew. A plain run performs a sample, `GIT_STREAM_BYPASS=N` every Nth way and so 1 all
//! of them, `GIT_STREAM_BYPASS_WAYS='NAME;NAME'` these. `mutate` shows that the rows depend on the
//! layers: it disables one after the other and looks which rows change.

mod breach;
mod perform;
mod table;
mod trace;
mod way;

use std::env;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use perform::{Setting, perform};
use table::Row;
use way::Way;

/// A plain run performs every so many-th way: all of them take minutes.
const SAMPLE: usize = 7;

/// Performs the ways, several at a time; the rows in the order of the ways.
fn performed(ways: &[Way]) -> Vec<Row> {
    let (next, rows) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let workers = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(way) = ways.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let row = row(way);
                    rows.lock().unwrap().push(row);
                }
            });
        }
    });
    let mut rows = rows.into_inner().unwrap();
    rows.sort_by_key(|row| row.way.number);
    rows
}

fn row(way: &Way) -> Row {
    if let Some(lacking) = way.lacking() {
        println!(
            "!!!!  SKIPPED: '{}' was not tried: it needs {lacking}  !!!!",
            way.name
        );
        return Row::not_tried(way, lacking);
    }
    let guarded = perform(way, Setting::Guarded);
    // What the ordinary hooks have stopped is not asked of the strict layer.
    let strict = (!guarded.is_clean()).then(|| perform(way, Setting::Strict));
    Row {
        way: way.clone(),
        lacking: None,
        unguarded: Some(perform(way, Setting::Unguarded)),
        guarded: Some(guarded),
        strict,
    }
}

/// The ways that this run performs, and whether these are all.
fn chosen() -> (Vec<Way>, bool) {
    let mut ways = way::all();
    let all = ways.len();
    if let Ok(names) = env::var("GIT_STREAM_BYPASS_WAYS") {
        ways.retain(|way| names.split(';').any(|name| name == way.name));
    } else if env::var_os("UPDATE_PAGES").is_none() {
        let step = env::var("GIT_STREAM_BYPASS").ok();
        let step = step.and_then(|step| step.parse().ok()).unwrap_or(SAMPLE);
        ways.retain(|way| way.number.is_multiple_of(step));
    }
    let whole = ways.len() == all;
    if !whole {
        println!(
            "{} of {all} ways; GIT_STREAM_BYPASS=1 performs all",
            ways.len()
        );
    }
    (ways, whole)
}

#[test]
fn landing_stops_every_way_that_brings_a_breach_and_nothing_else() {
    let (ways, whole) = chosen();
    let rows = performed(&ways);
    assert!(!rows.is_empty());
    table::hold(&rows, whole);
}
