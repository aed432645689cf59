//! Has a holder been silent for as long as its lease, as far as this machine was awake to see it?
//!
//! Nobody's clock is compared with anybody else's. A machine remembers how each held stream's
//! record looked when it saw the ledger last, and for how long it has seen it like that. Between
//! two looks that find the same, the time counts during which the machine was awake: both looks
//! were at the truth, and whatever the holder had said in between would be there. Sleep is not
//! counted, and neither is what lies around a reboot; the time of day plays no part. Where a look
//! has failed, because the remote was away, nothing counts from the look before to the look after
//! it: the holder could not have been heard.
//!
//! ```text
//! looks    ×─────×──────×───(asleep)───×───(reboot)───×──────!──────×──────×
//! counted   ═════ ══════ ═══        ═══                              ══════
//! ```
//!
//! Pure: the looks come in, and what is remembered is a value. The end of a lease permits a
//! takeover and does nothing by itself.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::record::Stream;
use super::state::State;
use crate::clock::Awake;
use crate::name::StreamName;

/// What a machine has seen of the holders.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// The boot of the last look.
    boot: String,
    /// When in it that was, in milliseconds of waking time.
    at: i64,
    /// Whether a look has failed since.
    #[serde(default)]
    failed: bool,
    /// What was seen of each stream that somebody holds.
    #[serde(default)]
    streams: BTreeMap<StreamName, Seen>,
}

/// How a stream's record looks, and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    mark: String,
    milliseconds: i64,
}

impl Watch {
    /// After a look at the ledger.
    #[must_use]
    pub fn look(&self, now: &Awake, state: &State) -> Watch {
        let passed = self.passed(now);
        let seen = |name: &StreamName, mark: &str| {
            let known = self.streams.get(name).filter(|seen| seen.mark == mark);
            known.map_or(0, |seen| seen.milliseconds.saturating_add(passed))
        };
        let streams = state.held().map(|(name, record, _)| {
            let mark = record.mark();
            let milliseconds = seen(name, &mark);
            (name.clone(), Seen { mark, milliseconds })
        });
        Watch {
            boot: now.boot.clone(),
            at: milliseconds(now.since),
            failed: false,
            streams: streams.collect(),
        }
    }

    /// After a look that failed.
    #[must_use]
    pub fn blink(&self) -> Watch {
        Watch {
            failed: true,
            ..self.clone()
        }
    }

    /// For how long nothing of this record has changed, up to the last look.
    pub fn silence(&self, name: &StreamName, record: &Stream) -> SignedDuration {
        let seen = self.streams.get(name);
        let known = seen.filter(|seen| seen.mark == record.mark());
        known.map_or(SignedDuration::ZERO, |seen| {
            SignedDuration::from_millis(seen.milliseconds)
        })
    }

    /// The waking time since the last look; none across a reboot or a look that failed.
    fn passed(&self, now: &Awake) -> i64 {
        if self.boot == now.boot && !self.failed {
            milliseconds(now.since).saturating_sub(self.at).max(0)
        } else {
            0
        }
    }
}

impl Stream {
    /// Another one as soon as anything is written to the record, as every event of its holder is.
    pub fn mark(&self) -> String {
        let text = toml::to_string(self).expect("a record is plain data");
        let digest = Sha256::digest(text.as_bytes());
        digest[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

fn milliseconds(time: SignedDuration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};
    use proptest::prelude::*;

    use super::Watch;
    use crate::clock::Awake;
    use crate::ledger::State;
    use crate::ledger::tests::held_by_one;

    /// What happens on the machine that looks, and to the record that it looks at.
    #[derive(Debug, Clone)]
    enum Moment {
        Awake(i64),
        Asleep,
        Reboot,
        Look,
        FailedLook,
        HolderSpeaks,
    }

    fn moments() -> impl Strategy<Value = Vec<Moment>> {
        let one = prop_oneof![
            4 => (0..100_000_i64).prop_map(Moment::Awake),
            1 => Just(Moment::Asleep),
            1 => Just(Moment::Reboot),
            4 => Just(Moment::Look),
            1 => Just(Moment::FailedLook),
            1 => Just(Moment::HolderSpeaks),
        ];
        prop::collection::vec(one, 0..40)
    }

    /// A machine with a clock of its own, and what it should have counted.
    struct Machine {
        boot: u32,
        since: i64,
        /// The waking time since the holder spoke last: no more than that may count.
        awake: i64,
        /// The waking time since the last look in this boot, if that was one.
        open: Option<i64>,
        expected: i64,
        seen_as_it_is: bool,
    }

    impl Machine {
        fn now(&self) -> Awake {
            Awake {
                boot: self.boot.to_string(),
                since: SignedDuration::from_millis(self.since),
            }
        }

        fn live(&mut self, moment: &Moment, watch: &mut Watch, state: &mut State) {
            match moment {
                Moment::Awake(time) => {
                    self.since += time;
                    self.awake += time;
                    self.open = self.open.map(|open| open + time);
                }
                // The clock stands still.
                Moment::Asleep => {}
                Moment::Reboot => {
                    (self.boot, self.since) = (self.boot + 1, 0);
                    self.open = None;
                }
                Moment::Look => {
                    *watch = watch.look(&self.now(), state);
                    if self.seen_as_it_is {
                        self.expected += self.open.unwrap_or_default();
                    } else {
                        (self.expected, self.seen_as_it_is) = (0, true);
                    }
                    self.open = Some(0);
                }
                Moment::FailedLook => {
                    *watch = watch.blink();
                    self.open = None;
                }
                Moment::HolderSpeaks => {
                    for record in state.streams.values_mut() {
                        let claim = record.claim.as_mut().unwrap();
                        claim.renewed += SignedDuration::from_secs(1);
                    }
                    (self.awake, self.expected, self.seen_as_it_is) = (0, 0, false);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn exactly_the_waking_time_between_looks_at_the_same_counts(moments in moments()) {
            let (mut watch, mut state) = (Watch::default(), held_by_one());
            let mut machine = Machine {
                boot: 0,
                since: 7,
                awake: 0,
                open: None,
                expected: 0,
                seen_as_it_is: false,
            };
            for moment in &moments {
                machine.live(moment, &mut watch, &mut state);
                for (name, record) in &state.streams {
                    let silence = watch.silence(name, record).as_millis();
                    prop_assert_eq!(silence, i128::from(machine.expected));
                    prop_assert!(silence <= i128::from(machine.awake));
                }
                let text = serde_json::to_string(&watch).unwrap();
                let read: Watch = serde_json::from_str(&text).unwrap();
                prop_assert_eq!(&read, &watch);
            }
        }

        #[test]
        fn looking_more_often_counts_the_same(steps in prop::collection::vec(0..10_000_i64, 1..20)) {
            let state = held_by_one();
            let at = |since| Awake { boot: "b".to_owned(), since: SignedDuration::from_millis(since) };
            let total: i64 = steps.iter().sum();
            let mut often = Watch::default().look(&at(0), &state);
            let once = often.look(&at(total), &state);
            let mut since = 0;
            for step in steps {
                since += step;
                often = often.look(&at(since), &state);
            }
            prop_assert_eq!(often, once);
        }

        /// Where nothing tells one boot from another, too little counts, and never too much.
        #[test]
        fn without_a_name_for_the_boot_nothing_is_made_up(before in 0..10_000_i64, after in 0..20_000_i64) {
            let state = held_by_one();
            let at = |since| Awake { boot: String::new(), since: SignedDuration::from_millis(since) };
            let watch = Watch::default().look(&at(before), &state).look(&at(after), &state);
            for (name, record) in &state.streams {
                prop_assert!(watch.silence(name, record).as_millis() <= i128::from(after));
            }
        }
    }

    #[test]
    fn what_is_not_held_any_more_is_forgotten() {
        let mut state = held_by_one();
        let now = |since| Awake {
            boot: String::new(),
            since: SignedDuration::from_secs(since),
        };
        let watch = Watch::default().look(&now(0), &state).look(&now(9), &state);
        let (name, record) = state.streams.iter().next().unwrap();
        assert_eq!(watch.silence(name, record), SignedDuration::from_secs(9));
        let name = name.clone();
        let again = state.clone();
        state.streams.get_mut(&name).unwrap().claim = None;
        let watch = watch.look(&now(10), &state).look(&now(20), &again);
        let record = &again.streams[&name];
        assert_eq!(
            record.claim.as_ref().unwrap().renewed,
            Timestamp::UNIX_EPOCH
        );
        assert_eq!(watch.silence(&name, record), SignedDuration::ZERO);
    }
}
