//! What has been found so far, and on which line is it?
//!
//! The reader walks the whole document and never stops at a mistake, so that one run reports all
//! of them. This is the basket that it carries.

use std::cell::RefCell;
use std::ops::Range;

use super::problem::Problem;
use crate::pattern::Comparison;

/// The problems of one document.
pub(super) struct Found {
    /// The byte offset of every line.
    lines: Vec<usize>,
    problems: RefCell<Vec<Problem>>,
    /// How streams are compared with each other path by path, if they are.
    compare: Option<Comparison>,
}

impl Found {
    pub(super) fn new(text: &str, compare: Option<Comparison>) -> Found {
        let after_newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Found {
            lines: std::iter::once(0)
                .chain(after_newlines.map(|(at, _)| at + 1))
                .collect(),
            problems: RefCell::default(),
            compare,
        }
    }

    /// The line, counted from 1, on which a span begins.
    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        self.lines.partition_point(|start| *start <= span.start)
    }

    /// How overlaps are looked for; `None` where they are not.
    pub(super) fn compare(&self) -> Option<Comparison> {
        self.compare
    }

    /// Takes a problem.
    pub(super) fn add(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    /// The problems in the order of the lines.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| problem.line.unwrap_or(usize::MAX));
        problems
    }
}
