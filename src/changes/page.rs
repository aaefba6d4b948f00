//! One page of the feed: the log is gone through in pieces, and what the caller does not see is left out.

use diesel::QueryResult;

use super::feed::{End, Feed};
use super::rows::{self, ChangeRow};
use super::sight::View;
use crate::db::{DbConnection, Failure};
use crate::http::catalogue::Code;
use crate::http::problem::Problem;

/// Rows of the log that are looked at together, and for one page at most.
const PIECE: i64 = 1000;
const MOST: usize = 10_000;

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// With the oldest change there is.
    Nothing,
    /// Behind the newest one.
    Latest,
    /// Behind this one.
    Seq(i64),
}

impl After {
    pub fn parse(text: Option<&str>) -> Result<Self, Problem> {
        match text {
            None => Ok(Self::Nothing),
            Some("latest") => Ok(Self::Latest),
            Some(text) => {
                let seq = text.strip_prefix("c1-").and_then(|seq| seq.parse().ok()).filter(|seq| *seq >= 0);
                seq.map(Self::Seq).ok_or_else(|| Problem::new(Code::InvalidCursor))
            }
        }
    }
}

/// The cursor that stands for a place in the log.
pub fn cursor(seq: i64) -> String {
    format!("c1-{seq}")
}

pub struct Page {
    pub rows: Vec<ChangeRow>,
    /// Where the next page begins.
    pub next: i64,
    pub has_more: bool,
    /// Whether rows were held back because an earlier transaction still runs.
    pub is_held: bool,
}

impl Page {
    /// Nothing, up to here.
    pub const fn nothing(next: i64) -> Self {
        Self { rows: Vec::new(), next, has_more: false, is_held: false }
    }
}

impl Feed {
    pub fn page(&self, conn: &mut DbConnection, view: &View, after: After, limit: usize) -> Result<Page, Failure> {
        let End { complete, is_held } = self.end(conn)?;
        let workspace_id = view.scope.workspace_id;
        let page = match after {
            After::Latest => {
                let next = rows::end(conn, workspace_id, complete)?.max(rows::floor(conn, workspace_id)?);
                return Ok(Page { is_held, ..Page::nothing(next) });
            }
            After::Nothing => self.gather(conn, view, 0, complete, limit)?,
            After::Seq(seq) => self.gather(conn, view, seq, complete, limit)?,
        };
        // Afterwards: what was purged while the page was read is missing in it.
        match (after, rows::floor(conn, workspace_id)?) {
            (After::Seq(seq), floor) if seq < floor => {
                let next = rows::end(conn, workspace_id, complete)?.max(floor);
                Err(Problem::new(Code::CursorExpired).with("next_cursor", cursor(next)).into())
            }
            (After::Nothing, floor) => Ok(Page { next: page.next.max(floor), is_held, ..page }),
            _ => Ok(Page { is_held, ..page }),
        }
    }

    fn gather(&self, conn: &mut DbConnection, view: &View, after: i64, complete: i64, limit: usize) -> QueryResult<Page> {
        let mut page = Page { has_more: true, ..Page::nothing(after) };
        let mut looked_at = 0;
        while page.has_more && page.rows.len() < limit && looked_at < MOST {
            let heads = rows::heads(conn, view.scope.workspace_id, page.next, complete, PIECE)?;
            looked_at += heads.len();
            let mut places = view.choose(conn, &heads)?;
            let room = limit - page.rows.len();
            let is_cut = places.len() > room;
            places.truncate(room);
            // Behind what is shown when more of it follows, and else behind all that was looked at.
            let last = if is_cut { places.last().copied() } else { heads.last().map(|head| head.seq) };
            page.next = last.unwrap_or(page.next);
            page.has_more = is_cut || i64::try_from(heads.len()).is_ok_and(|count| count >= PIECE);
            let mut rows = rows::whole(conn, &places)?;
            view.hide(conn, &mut rows)?;
            page.rows.extend(rows);
        }
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_text_and_nothing_else_is_one() {
        assert_eq!(After::parse(Some(&cursor(7))), Ok(After::Seq(7)));
        assert_eq!(After::parse(Some("latest")), Ok(After::Latest));
        assert_eq!(After::parse(None), Ok(After::Nothing));
        for damaged in ["", "c1-", "c1--1", "c2-7", "7", "c1-7x", "Latest"] {
            assert_eq!(After::parse(Some(damaged)).map_err(|problem| problem.code()), Err(Code::InvalidCursor), "{damaged}");
        }
    }
}
