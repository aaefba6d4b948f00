//! Who plays in the demo: the people who log in, the tiers, and how the lives of its customers go.

use super::texts::Both;
use crate::auth::privileges::Role;
use crate::crm::customers::LifecycleStage::{self, Churned, Customer, Lead, Loyal, Prospect};
use crate::crm::workspaces::Locale;

/// Somebody who can log in. The e-mail address is `mailbox` at the workspace's domain.
#[derive(Debug)]
pub struct Player {
    pub mailbox: &'static str,
    pub name: &'static str,
    pub role: Role,
    pub locale: Locale,
}

const fn player(mailbox: &'static str, name: &'static str, role: Role, locale: Locale) -> Player {
    Player { mailbox, name, role, locale }
}

pub const ADMIN: Player = player("admin", "李静", Role::Admin, Locale::Zh);
pub const MANAGER: Player = player("manager", "周文博", Role::Manager, Locale::Zh);
pub const REPS: &[Player] = &[
    player("chen.yuqing", "陈雨晴", Role::Rep, Locale::Zh),
    player("lin.xiaofeng", "林晓峰", Role::Rep, Locale::Zh),
    player("wang.siyuan", "王思源", Role::Rep, Locale::Zh),
    player("zhao.wanqing", "赵婉清", Role::Rep, Locale::Zh),
    player("sophie.laurent", "Sophie Laurent", Role::Rep, Locale::En),
    player("jonas.weber", "Jonas Weber", Role::Rep, Locale::En),
];

/// A tier of the workspace, best first.
#[derive(Debug)]
pub struct TierPlan {
    pub code: &'static str,
    pub name: &'static str,
    pub rank: i32,
    pub color: &'static str,
    pub benefits: &'static str,
    pub credit: &'static str,
    pub payment_days: i32,
    pub cadence_days: i32,
    pub recycle_days: i32,
    pub discount: &'static str,
}

pub const TIERS: &[TierPlan] = &[
    TierPlan {
        code: "diamond",
        name: "钻石客户",
        rank: 40,
        color: "#4aa3df",
        benefits: "专属客户经理，7×24 响应",
        credit: "2000000",
        payment_days: 60,
        cadence_days: 14,
        recycle_days: 180,
        discount: "12",
    },
    TierPlan {
        code: "gold",
        name: "金牌客户",
        rank: 30,
        color: "#d4af37",
        benefits: "优先发货，季度回访",
        credit: "800000",
        payment_days: 45,
        cadence_days: 30,
        recycle_days: 120,
        discount: "8",
    },
    TierPlan {
        code: "silver",
        name: "银牌客户",
        rank: 20,
        color: "#a8a9ad",
        benefits: "半年回访",
        credit: "200000",
        payment_days: 30,
        cadence_days: 60,
        recycle_days: 90,
        discount: "3.5",
    },
    TierPlan {
        code: "standard",
        name: "普通客户",
        rank: 10,
        color: "#8fbc8f",
        benefits: "标准服务",
        credit: "20000",
        payment_days: 0,
        cadence_days: 90,
        recycle_days: 60,
        discount: "0",
    },
];

/// Places in `TIERS`.
pub const DIAMOND: usize = 0;
pub const GOLD: usize = 1;
pub const SILVER: usize = 2;
pub const STANDARD: usize = 3;

/// The open stages of the default pipeline, in order.
pub const STAGES: &[&str] = &["initial_contact", "needs_confirmed", "proposal", "negotiation"];

/// How an opportunity ends, or where it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deal {
    /// At this place in `STAGES`.
    Open(usize),
    Won,
    Lost,
    Void,
    /// Lost, taken up again, and won.
    Reopened,
}

/// How the life of a customer goes.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// Nobody's: it stays in the pool.
    pub is_pooled: bool,
    pub ends: LifecycleStage,
    pub deal: Option<Deal>,
    /// Another rep works on it as well.
    pub is_shared: bool,
    /// Its owner keeps it from going back to the pool.
    pub is_locked: bool,
}

const fn owned(ends: LifecycleStage, deal: Option<Deal>) -> Part {
    Part { is_pooled: false, ends, deal, is_shared: false, is_locked: false }
}

const fn pooled(ends: LifecycleStage) -> Part {
    Part { is_pooled: true, ..owned(ends, None) }
}

impl Part {
    const fn shared(self) -> Self {
        Self { is_shared: true, ..self }
    }

    const fn locked(self) -> Self {
        Self { is_locked: true, ..self }
    }
}

/// Played in turn: 30 % stay in the pool and every other customer has an opportunity. What a small demo must not miss comes first.
pub const PARTS: &[Part] = &[
    owned(Customer, Some(Deal::Won)),
    pooled(Lead),
    owned(Prospect, Some(Deal::Open(3))).shared(),
    owned(Prospect, Some(Deal::Lost)),
    pooled(Lead),
    owned(Lead, Some(Deal::Open(0))),
    owned(Lead, Some(Deal::Void)),
    owned(Loyal, Some(Deal::Won)),
    pooled(Prospect),
    owned(Prospect, Some(Deal::Open(2))).locked(),
    owned(Churned, Some(Deal::Won)),
    owned(Prospect, Some(Deal::Open(1))),
    pooled(Lead),
    owned(Customer, Some(Deal::Reopened)),
    owned(Lead, None),
    pooled(Lead),
    owned(Customer, None),
    owned(Prospect, None),
    pooled(Lead),
    owned(Lead, None),
];

/// The pool of the Chinese customers, and how many of the Chinese reps (the first ones) are its members.
pub const POOL: &str = "国内客户公海";
pub const POOL_MEMBERS: usize = 4;

/// Reasons of lost and void opportunities, codes of the dictionary `close_reason`.
pub const LOST: &[&str] = &["price", "features", "competitor", "budget", "timing", "no_decision", "relationship"];
pub const VOID: &[&str] = &["duplicate", "unreachable", "other"];
pub const CHURNED: &[&str] = &["competitor", "quality", "price", "relationship"];

/// What is put behind the name of a company for a branch of it.
pub const BRANCH: Both = ("{city}分公司", " – {city} branch");
