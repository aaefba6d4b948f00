//! What the dictionaries of a new workspace hold.

use super::dto::{DictionaryItem, Label, TouchFlags};

/// The dictionary whose codes have flags.
pub const TOUCH_TYPES: &str = "touch_type";

/// `(code, zh, en)`, in order.
type Seed = (&'static str, &'static str, &'static str);

pub struct Dictionary {
    pub name: &'static str,
    seeds: &'static [Seed],
}

/// Codes of touch types that say something: they count, and protect from recycling.
const COUNTING: &[&str] =
    &["call", "visit", "meeting", "email", "sms", "wechat", "chat", "event", "gift", "winback_call", "after_sale_visit"];
/// Of those, the ones that do not protect: too easily made.
const WEAK: &[&str] = &["sms", "gift"];

impl Dictionary {
    pub fn items(&self) -> Vec<DictionaryItem> {
        let flags = |code: &str| {
            let counts = COUNTING.contains(&code);
            TouchFlags { counts_as_touch: counts, resets_recycle: counts && !WEAK.contains(&code), customer_facing: counts }
        };
        let items = self.seeds.iter().zip(0..).map(|((code, zh, en), place)| DictionaryItem {
            code: (*code).to_owned(),
            label: Label { zh: (*zh).to_owned(), en: (*en).to_owned() },
            order: place * 10,
            is_active: true,
            flags: (self.name == TOUCH_TYPES).then(|| flags(code)),
        });
        items.collect()
    }
}

const fn dictionary(name: &'static str, seeds: &'static [Seed]) -> Dictionary {
    Dictionary { name, seeds }
}

pub const SEEDS: &[Dictionary] = &[
    dictionary(
        "source",
        &[
            ("website", "官网", "Website"),
            ("search", "搜索引擎", "Search engine"),
            ("advertising", "广告投放", "Advertising"),
            ("social_media", "社交媒体", "Social media"),
            ("exhibition", "展会", "Exhibition"),
            ("referral", "转介绍", "Referral"),
            ("partner", "渠道伙伴", "Partner"),
            ("cold_call", "电话开发", "Cold call"),
            ("walk_in", "上门", "Walk-in"),
            ("purchased_list", "购买名单", "Purchased list"),
            ("import", "导入", "Import"),
            ("other", "其他", "Other"),
        ],
    ),
    dictionary(
        "industry",
        &[
            ("agriculture", "农林牧渔", "Agriculture"),
            ("mining", "采矿", "Mining"),
            ("manufacturing", "制造业", "Manufacturing"),
            ("energy", "能源", "Energy"),
            ("construction", "建筑", "Construction"),
            ("wholesale", "批发", "Wholesale"),
            ("retail", "零售", "Retail"),
            ("transport", "交通运输", "Transport"),
            ("hospitality", "住宿餐饮", "Hospitality"),
            ("information_technology", "信息技术", "Information technology"),
            ("finance", "金融", "Finance"),
            ("insurance", "保险", "Insurance"),
            ("real_estate", "房地产", "Real estate"),
            ("business_services", "商务服务", "Business services"),
            ("research", "科研", "Research"),
            ("education", "教育", "Education"),
            ("healthcare", "医疗卫生", "Healthcare"),
            ("media", "文化传媒", "Media"),
            ("government", "政府", "Government"),
            ("other", "其他", "Other"),
        ],
    ),
    dictionary(
        "ownership_type",
        &[
            ("state", "国有", "State-owned"),
            ("collective", "集体", "Collective"),
            ("individual", "个体", "Individual"),
            ("private", "民营", "Private"),
            ("joint_stock", "股份制", "Joint stock"),
            ("joint_venture", "合资", "Joint venture"),
            ("foreign", "外资", "Foreign-owned"),
            ("public_institution", "事业单位", "Public institution"),
            ("other", "其他", "Other"),
        ],
    ),
    dictionary(
        "trade_type",
        &[
            ("wholesaler", "批发商", "Wholesaler"),
            ("retailer", "零售商", "Retailer"),
            ("agent", "代理商", "Agent"),
            ("franchise", "加盟商", "Franchise"),
            ("chain", "连锁", "Chain"),
            ("exclusive_shop", "专卖店", "Exclusive shop"),
            ("manufacturer", "生产商", "Manufacturer"),
            ("end_user", "终端用户", "End user"),
            ("other", "其他", "Other"),
        ],
    ),
    dictionary(
        "location_type",
        &[
            ("business_centre", "商业中心", "Business centre"),
            ("transport_hub", "交通枢纽", "Transport hub"),
            ("residential", "居民区", "Residential"),
            ("industrial_park", "产业园区", "Industrial park"),
            ("campus", "校园", "Campus"),
            ("rural", "乡镇", "Rural"),
            ("other", "其他", "Other"),
        ],
    ),
    dictionary(
        "region",
        &[
            ("north_china", "华北", "North China"),
            ("northeast_china", "东北", "Northeast China"),
            ("east_china", "华东", "East China"),
            ("central_china", "华中", "Central China"),
            ("south_china", "华南", "South China"),
            ("southwest_china", "西南", "Southwest China"),
            ("northwest_china", "西北", "Northwest China"),
            ("hong_kong_macao_taiwan", "港澳台", "Hong Kong, Macao and Taiwan"),
            ("asia", "亚洲", "Asia"),
            ("europe", "欧洲", "Europe"),
            ("north_america", "北美", "North America"),
            ("latin_america", "拉美", "Latin America"),
            ("africa", "非洲", "Africa"),
            ("oceania", "大洋洲", "Oceania"),
        ],
    ),
    dictionary(
        "contact_role",
        &[
            ("decision_maker", "决策人", "Decision maker"),
            ("influencer", "影响者", "Influencer"),
            ("user", "使用者", "User"),
            ("purchaser", "采购", "Purchaser"),
            ("finance", "财务", "Finance"),
            ("technical", "技术", "Technical"),
            ("gatekeeper", "把关人", "Gatekeeper"),
            ("champion", "支持者", "Champion"),
            ("other", "其他", "Other"),
        ],
    ),
    dictionary(
        TOUCH_TYPES,
        &[
            ("call", "电话", "Call"),
            ("visit", "拜访", "Visit"),
            ("meeting", "会议", "Meeting"),
            ("email", "邮件", "E-mail"),
            ("sms", "短信", "SMS"),
            ("wechat", "微信", "WeChat"),
            ("chat", "在线沟通", "Chat"),
            ("event", "活动", "Event"),
            ("gift", "礼品", "Gift"),
            ("note", "备注", "Note"),
            ("winback_call", "挽回电话", "Win-back call"),
            ("after_sale_visit", "售后回访", "After-sale visit"),
            ("other", "其他", "Other"),
        ],
    ),
    dictionary(
        "touch_outcome",
        &[
            ("connected", "已接通", "Connected"),
            ("no_answer", "无人接听", "No answer"),
            ("busy", "忙线", "Busy"),
            ("wrong_number", "号码错误", "Wrong number"),
            ("interested", "有意向", "Interested"),
            ("not_interested", "无意向", "Not interested"),
            ("follow_up", "需继续跟进", "Follow up"),
            ("appointment", "已预约", "Appointment made"),
            ("completed", "已完成", "Completed"),
            ("other", "其他", "Other"),
        ],
    ),
    dictionary(
        "close_reason",
        &[
            ("price", "价格", "Price"),
            ("features", "功能不符", "Features"),
            ("competitor", "竞争对手", "Competitor"),
            ("budget", "预算不足", "Budget"),
            ("timing", "时机不对", "Timing"),
            ("no_decision", "未决策", "No decision"),
            ("unreachable", "联系不上", "Unreachable"),
            ("duplicate", "重复", "Duplicate"),
            ("relationship", "客户关系", "Relationship"),
            ("quality", "产品质量", "Quality"),
            ("other", "其他", "Other"),
        ],
    ),
    dictionary(
        "release_reason",
        &[
            ("no_interest", "无意向", "No interest"),
            ("unreachable", "联系不上", "Unreachable"),
            ("wrong_fit", "不匹配", "Wrong fit"),
            ("no_capacity", "精力不足", "No capacity"),
            ("invalid_data", "信息无效", "Invalid data"),
            ("left_company", "人员离职", "Rep left"),
            ("other", "其他", "Other"),
        ],
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_dictionary_of_the_contract_has_distinct_codes() {
        let names: Vec<&str> = SEEDS.iter().map(|seed| seed.name).collect();
        assert_eq!(names.len(), 11);
        for seed in SEEDS {
            let codes: HashSet<&str> = seed.seeds.iter().map(|(code, ..)| *code).collect();
            assert_eq!(codes.len(), seed.seeds.len(), "{}", seed.name);
            assert!(seed.items().iter().all(|item| item.flags.is_some() == (seed.name == TOUCH_TYPES)));
        }
    }

    #[test]
    fn every_label_is_in_both_languages() {
        for seed in SEEDS {
            for (code, zh, en) in seed.seeds {
                assert!(!zh.is_ascii() && !en.is_empty() && en.is_ascii(), "{}.{code}: {zh}, {en}", seed.name);
            }
        }
    }
}
