//! The rules of the public sea by heart, in days, without a clock and without a database.

use std::collections::BTreeSet;
use std::fmt;

use super::act::{Act, By};

pub const REPS: usize = 3;
/// What every rep may hold.
pub const CAP: usize = 2;

/// What a pool asks for.
pub struct Rules {
    pub daily_limit: usize,
    pub cooldown_days: i64,
    /// Whether what came in on a day cannot be claimed on that day.
    pub is_quiet: bool,
    /// Days without a touch.
    pub recycle_days: i64,
}

pub const POOLS: [Rules; 2] = [
    Rules { daily_limit: 2, cooldown_days: 1, is_quiet: false, recycle_days: 1 },
    Rules { daily_limit: 1, cooldown_days: 0, is_quiet: true, recycle_days: 2 },
];

/// The pools' rules are made on day 0, and nobody is due by a new rule before that.
const GRACE_DAYS: i64 = 3;

/// Where a customer is: with a rep or in a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Rep(usize),
    Pool(usize),
}

#[derive(Debug, Clone)]
pub struct Fish {
    pub place: Place,
    pub is_deleted: bool,
    pub locked_until: Option<i64>,
    /// The kind of each move, and what it went from and to.
    pub moves: Vec<(&'static str, Place, Place)>,
    /// The day on which it came where it is.
    since: i64,
    /// The pool that it goes back into.
    home: usize,
    /// The day on which its owner touched it last.
    touched: Option<i64>,
    /// When it was taken from each rep last.
    ended: [Option<i64>; REPS],
    left: BTreeSet<usize>,
}

/// For each customer that was named, the code that it was refused with.
pub type Answer = Vec<Option<String>>;

#[derive(Clone)]
pub struct Sea {
    pub today: i64,
    pub fish: Vec<Fish>,
    /// Who claimed from which pool on which day.
    claims: Vec<(usize, usize, i64)>,
}

impl fmt::Debug for Sea {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "day {}", self.today)?;
        self.fish.iter().try_for_each(|fish| write!(f, "\n  {fish:?}"))?;
        write!(f, "\n  {:?}", self.claims.iter().filter(|(.., day)| *day == self.today).collect::<Vec<_>>())
    }
}

impl Sea {
    /// With customers that lie in these pools.
    pub fn new(pools: &[usize]) -> Self {
        let fish = |home: &usize| Fish {
            place: Place::Pool(*home),
            is_deleted: false,
            locked_until: None,
            moves: Vec::new(),
            since: 0,
            home: *home,
            touched: None,
            ended: [None; REPS],
            left: BTreeSet::new(),
        };
        Self { today: 0, fish: pools.iter().map(fish).collect(), claims: Vec::new() }
    }

    /// Does it if it may be done, and gives the answer.
    pub fn apply(&mut self, act: &Act) -> Answer {
        let one = |code: Option<&str>| vec![code.map(str::to_owned)];
        match act {
            Act::Claim { rep, pool, fish, is_atomic } => self.claim(*rep, *pool, fish, *is_atomic),
            Act::Recycle => {
                self.recycle();
                Vec::new()
            }
            Act::Release { by, fish, pool } => one(self.may(*by, *fish, "already_pooled").or_else(|| {
                let is_pooled = matches!(self.fish[*fish].place, Place::Pool(_));
                if is_pooled { Some("already_pooled") } else { self.put(*fish, Place::Pool(*pool), "release") }
            })),
            Act::Transfer { fish, to } => one(self.give(*fish, *to, "transfer")),
            Act::Assign { pool, fish, to } => one(match self.fish[*fish].place {
                _ if self.fish[*fish].is_deleted => Some("not_found"),
                Place::Pool(found) if found == *pool => self.give(*fish, *to, "assign"),
                _ => Some("already_claimed"),
            }),
            Act::Lock { by, fish, days } => one(self.may(*by, *fish, "not_owner").or_else(|| {
                if matches!(self.fish[*fish].place, Place::Pool(_)) {
                    return Some("already_pooled");
                }
                self.fish[*fish].locked_until = Some(self.today + days);
                None
            })),
            Act::Unlock { by, fish } => one(self.may(*by, *fish, "not_owner").or_else(|| {
                self.fish[*fish].locked_until = None;
                None
            })),
            Act::Delete { by, fish } => one(self.may(*by, *fish, "not_owner").or_else(|| {
                self.fish[*fish].is_deleted = true;
                None
            })),
            Act::Restore { by, fish } => one(self.restore(*by, *fish)),
            Act::Touch { rep, fish } => one(match self.may(By::Rep(*rep), *fish, "not_owner") {
                Some("not_found") => Some("unknown_reference"),
                None => {
                    self.fish[*fish].touched = Some(self.today);
                    None
                }
                refused => refused,
            }),
        }
    }

    /// Why somebody may not change a customer; `pooled` is what a rep is told of one that lies in a pool.
    fn may(&self, by: By, fish: usize, pooled: &'static str) -> Option<&'static str> {
        match (by, self.fish[fish].place) {
            _ if self.fish[fish].is_deleted => Some("not_found"),
            (By::Rep(rep), Place::Rep(owner)) if owner != rep => Some("not_found"),
            (By::Rep(_), Place::Pool(_)) => Some(pooled),
            _ => None,
        }
    }

    fn restore(&mut self, by: By, fish: usize) -> Option<&'static str> {
        let fish = &mut self.fish[fish];
        match (by, fish.place) {
            _ if !fish.is_deleted => Some("not_found"),
            (By::Rep(rep), Place::Rep(owner)) if owner != rep => Some("not_found"),
            (By::Rep(_), Place::Pool(_)) => Some("not_owner"),
            _ => {
                fish.is_deleted = false;
                None
            }
        }
    }

    fn held(&self, rep: usize) -> usize {
        self.fish.iter().filter(|fish| fish.place == Place::Rep(rep) && !fish.is_deleted).count()
    }

    fn claimed(&self, rep: usize, pool: usize) -> usize {
        self.claims.iter().filter(|claim| **claim == (rep, pool, self.today)).count()
    }

    fn claim(&mut self, rep: usize, pool: usize, wanted: &[usize], is_atomic: bool) -> Answer {
        let rules = &POOLS[pool];
        let (mut used, mut held) = (self.claimed(rep, pool), self.held(rep));
        let more = if is_atomic { wanted.len() } else { 1 };
        let mut answer: Answer = Vec::new();
        for fish in wanted.iter().map(|one| &self.fish[*one]) {
            let is_known = fish.left.contains(&pool) || fish.place == Place::Rep(rep) || matches!(fish.place, Place::Pool(_));
            let refused = match fish.place {
                _ if fish.is_deleted => Some("not_found"),
                Place::Pool(found) if found == pool => {
                    let is_cooling = fish.ended[rep].is_some_and(|day| day + rules.cooldown_days > self.today);
                    let rules = [
                        (rules.is_quiet && fish.since == self.today, "item_quiet_period"),
                        (is_cooling, "reclaim_cooldown"),
                        (used + more > rules.daily_limit, "daily_claim_limit"),
                        (held + more > CAP, "holding_cap_reached"),
                    ];
                    rules.into_iter().find(|(is_broken, _)| *is_broken).map(|(_, code)| code)
                }
                _ => Some(if is_known { "already_claimed" } else { "not_found" }),
            };
            if refused.is_none() && !is_atomic {
                (used, held) = (used + 1, held + 1);
            }
            answer.push(refused.map(str::to_owned));
        }
        if is_atomic && answer.iter().any(Option::is_some) {
            return answer.into_iter().map(|code| code.or_else(|| Some("rolled_back".to_owned()))).collect();
        }
        for (fish, _) in wanted.iter().zip(&answer).filter(|(_, refused)| refused.is_none()) {
            self.claims.push((rep, pool, self.today));
            self.put(*fish, Place::Rep(rep), "claim");
        }
        answer
    }

    fn give(&mut self, fish: usize, to: usize, kind: &'static str) -> Option<&'static str> {
        match self.fish[fish].place {
            _ if self.fish[fish].is_deleted => Some("not_found"),
            Place::Rep(owner) if owner == to => None,
            _ if self.held(to) >= CAP => Some("holding_cap_reached"),
            _ => self.put(fish, Place::Rep(to), kind),
        }
    }

    fn put(&mut self, fish: usize, to: Place, kind: &'static str) -> Option<&'static str> {
        let (today, fish) = (self.today, &mut self.fish[fish]);
        match fish.place {
            Place::Rep(rep) => fish.ended[rep] = Some(today),
            Place::Pool(pool) => {
                fish.left.insert(pool);
            }
        }
        if let Place::Pool(pool) = to {
            fish.home = pool;
        }
        fish.moves.push((kind, fish.place, to));
        (fish.place, fish.since, fish.touched, fish.locked_until) = (to, today, None, None);
        None
    }

    fn recycle(&mut self) {
        for place in 0..self.fish.len() {
            let fish = &self.fish[place];
            let anchor = [fish.touched, fish.locked_until].into_iter().flatten().fold(fish.since, i64::max);
            let due = (anchor + POOLS[fish.home].recycle_days).max(GRACE_DAYS);
            if due < self.today && !fish.is_deleted && matches!(fish.place, Place::Rep(_)) {
                self.put(place, Place::Pool(fish.home), "recycle");
            }
        }
    }
}

/// A sea that these acts can have led to, whatever their order was, when they were answered so.
pub fn explain(sea: &Sea, acts: &[(Act, Answer)], is_right: &dyn Fn(&Sea) -> bool) -> Option<Sea> {
    if acts.is_empty() {
        return is_right(sea).then(|| sea.clone());
    }
    (0..acts.len()).find_map(|first| {
        let mut next = sea.clone();
        if next.apply(&acts[first].0) != acts[first].1 {
            return None;
        }
        let rest: Vec<_> = acts.iter().enumerate().filter(|(place, _)| *place != first).map(|(_, act)| act.clone()).collect();
        explain(&next, &rest, is_right)
    })
}
