//! How does a forecast look in a terminal?
//!
//! Up to [`MOST`] streams are a matrix that fits into 80 columns; of more, only the pairs that
//! conflict are listed. Either way every conflict is named with its place.

use std::collections::BTreeMap;

use bstr::ByteSlice as _;

use super::{Forecast, Meeting, Place};
use crate::path;
use crate::word::count;

/// The most streams that are shown as a matrix.
const MOST: usize = 12;
/// The width of a terminal.
const WIDTH: usize = 80;
/// How many pairs with the same conflict are named, and how many paths of a conflict.
const MOST_PAIRS: usize = 10;
const MOST_PATHS: usize = 5;

impl Forecast {
    /// As text, with what it means.
    pub fn text(&self) -> String {
        let commit = &self.commit.to_string()[..12];
        if self.streams.is_empty() {
            return format!("no stream is held; base {} at {commit}\n", self.base);
        }
        let mut text = String::new();
        let is_whole = self.pairs.len() == self.streams.len() * (self.streams.len() - 1) / 2;
        if self.streams.len() <= MOST && is_whole {
            text.push_str(&self.matrix());
            text.push('\n');
        }
        text.push_str(&self.conflicts());
        text.push_str(&self.unknown());
        text.push_str(&self.unseen());
        text.push_str(&self.summary());
        text.push_str(&format!("; base {} at {commit}\n", self.base));
        text
    }

    /// One line for each stream: the base, then the streams before it.
    fn matrix(&self) -> String {
        let columns = self.streams.len() - 1;
        let base = cut(&self.base, 12);
        // The number and its space before the name, four for each column after the base's.
        let room = WIDTH - 3 - (base.chars().count() + 2) - 4 * columns;
        let names: Vec<String> = self
            .streams
            .iter()
            .map(|one| cut(one.stream.as_str(), room))
            .collect();
        let width = names.iter().map(|name| name.chars().count()).max();
        let width = width.unwrap_or_default();
        let mut text = format!("{:>3}{:width$}  {base}", "", "");
        for number in 1..=columns {
            text.push_str(&format!("{number:>4}"));
        }
        let mut lines = vec![text];
        let mut marks = self.marks();
        for (at, (name, one)) in names.iter().zip(&self.streams).enumerate() {
            let mark = one.meeting.mark();
            let mut line = format!(
                "{:>2} {name:width$}  {mark:>1$}",
                at + 1,
                base.chars().count()
            );
            for other in 0..at {
                let mark = marks.remove(&(other, at)).unwrap_or(' ');
                line.push_str(&format!("{mark:>4}"));
            }
            lines.push(line);
        }
        lines.push(String::new());
        lines.push(". can land   x conflict   ? unknown".to_owned());
        lines
            .iter()
            .map(|line| format!("{}\n", line.trim_end()))
            .collect()
    }

    /// The marks of the pairs, by the places of the two streams.
    fn marks(&self) -> BTreeMap<(usize, usize), char> {
        let place: BTreeMap<_, _> = self
            .streams
            .iter()
            .enumerate()
            .map(|(at, one)| (&one.stream, at))
            .collect();
        let marks = self.pairs.iter().filter_map(|pair| {
            let (a, b) = (place.get(&pair.a)?, place.get(&pair.b)?);
            Some(((*a, *b), pair.meeting.mark()))
        });
        marks.collect()
    }

    /// The conflicts, those in the same place together.
    fn conflicts(&self) -> String {
        let mut places: BTreeMap<&Place, Vec<String>> = BTreeMap::new();
        let with_base = self
            .streams
            .iter()
            .map(|one| (&one.meeting, format!("{} with {}", one.stream, self.base)));
        let pairs = self
            .pairs
            .iter()
            .map(|pair| (&pair.meeting, format!("{} with {}", pair.a, pair.b)));
        for (meeting, who) in with_base.chain(pairs) {
            if let Meeting::Conflict(place) = meeting {
                places.entry(place).or_default().push(who);
            }
        }
        if places.is_empty() {
            return String::new();
        }
        let mut text = String::from("conflicts\n");
        for (place, who) in places {
            let more = who.len().saturating_sub(MOST_PAIRS);
            text.push_str(&format!("  {}\n", place.words()));
            for one in who.iter().take(MOST_PAIRS) {
                text.push_str(&format!("    {one}\n"));
            }
            if more > 0 {
                text.push_str(&format!("    and {more} more; see all with --json\n"));
            }
        }
        text.push('\n');
        text
    }

    fn unknown(&self) -> String {
        let mut text = String::new();
        for one in &self.streams {
            if let Meeting::Unknown(why) = &one.meeting {
                text.push_str(&format!("  {}: {why}\n", one.stream));
            }
        }
        if text.is_empty() {
            return text;
        }
        format!("unknown\n{text}\n")
    }

    /// The streams of which only what was fetched is here.
    fn unseen(&self) -> String {
        let elsewhere = self.streams.iter().filter_map(|one| {
            let machine = one.elsewhere.as_ref().filter(|_| one.tip.is_some())?;
            Some(format!("  {}: what only {machine} has\n", one.stream))
        });
        let text: String = elsewhere.collect();
        if text.is_empty() {
            return text;
        }
        format!("not counted\n{text}\n")
    }

    fn summary(&self) -> String {
        let all = self.pairs.iter().map(|pair| &pair.meeting);
        let (mut conflicts, mut unknown) = (0, 0);
        for meeting in all {
            match meeting {
                Meeting::Clean => {}
                Meeting::Conflict(_) => conflicts += 1,
                Meeting::Unknown(_) => unknown += 1,
            }
        }
        let stuck = self.streams.iter();
        let stuck = stuck.filter(|one| matches!(one.meeting, Meeting::Conflict(_)));
        let mut parts = vec![format!(
            "{} of {} conflict",
            conflicts,
            count(self.pairs.len(), "pair")
        )];
        if unknown > 0 {
            parts.push(format!("{unknown} unknown"));
        }
        parts.push(format!(
            "{} of {} with {}",
            stuck.count(),
            count(self.streams.len(), "stream"),
            self.base
        ));
        parts.join(", ")
    }
}

impl Meeting {
    fn mark(&self) -> char {
        match self {
            Meeting::Clean => '.',
            Meeting::Conflict(_) => 'x',
            Meeting::Unknown(_) => '?',
        }
    }
}

impl Place {
    fn words(&self) -> String {
        let mut paths: Vec<String> = self
            .paths
            .iter()
            .take(MOST_PATHS)
            .map(|path| path::shown(path.as_bstr()))
            .collect();
        if self.paths.len() > MOST_PATHS {
            paths.push(format!("{} more", self.paths.len() - MOST_PATHS));
        }
        format!("{} ({})", paths.join(", "), self.kinds.join(", "))
    }
}

/// A name that fits. One that is cut keeps its end, which tells similar names apart.
fn cut(name: &str, width: usize) -> String {
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= width {
        return name.to_owned();
    }
    let end = width.saturating_sub(1) / 2;
    let start = width.saturating_sub(end + 1);
    let (head, tail) = (&letters[..start], &letters[letters.len() - end..]);
    head.iter().chain(&['…']).chain(tail).collect()
}
