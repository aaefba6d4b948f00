//! What the demo's people write: in Chinese about Chinese customers, in English about others.

use super::chance::Chance;
use super::lands::Tongue;
use crate::crm::touch_records::Direction;

/// The same in Chinese and in English.
pub type Both = (&'static str, &'static str);

pub fn said((chinese, english): Both, tongue: Tongue) -> &'static str {
    match tongue {
        Tongue::Chinese => chinese,
        Tongue::English => english,
    }
}

/// Something that may be noted about a touch.
#[derive(Debug, Clone, Copy, Default)]
pub struct Line {
    /// Code of the dictionary `touch_type`.
    pub kind: &'static str,
    pub direction: Direction,
    /// Code of the dictionary `touch_outcome`, or nothing.
    pub outcome: &'static str,
    pub summary: Both,
}

const fn outgoing(kind: &'static str, outcome: &'static str, chinese: &'static str, english: &'static str) -> Line {
    Line { kind, direction: Direction::Outbound, outcome, summary: (chinese, english) }
}

const fn incoming(kind: &'static str, outcome: &'static str, chinese: &'static str, english: &'static str) -> Line {
    Line { kind, direction: Direction::Inbound, outcome, summary: (chinese, english) }
}

const fn meeting(kind: &'static str, outcome: &'static str, chinese: &'static str, english: &'static str) -> Line {
    Line { kind, direction: Direction::None, outcome, summary: (chinese, english) }
}

/// Nobody owns the customer yet.
pub const POOLED: &[Line] = &[
    outgoing("call", "no_answer", "电话无人接听，改天再试", "Nobody answered; will try again another day"),
    outgoing("call", "busy", "占线，前台请我们下午再打", "Line busy; the front desk asked us to call in the afternoon"),
    outgoing("email", "", "发送公司介绍和产品手册", "Sent our company profile and brochure"),
    incoming("chat", "follow_up", "官网在线咨询价格，留下联系方式", "Asked for prices in the website chat and left contact details"),
    incoming("email", "follow_up", "来信索取样册，已登记", "Wrote in for a catalogue; noted"),
    outgoing("sms", "", "发送新品发布会邀请短信", "Texted an invitation to the product launch"),
    meeting("event", "interested", "展会上交换名片，对方在比较几家供应商", "Swapped cards at the fair; they are comparing vendors"),
    outgoing("call", "wrong_number", "号码已停用，需要核实", "Number out of service; to be checked"),
];

/// First steps of a rep.
pub const OPENING: &[Line] = &[
    outgoing("call", "connected", "首次电话沟通，对方介绍了现有供应商", "First call; they told us about their present supplier"),
    outgoing("call", "interested", "电话确认有采购计划，希望看到案例", "They plan to buy and would like to see references"),
    outgoing("wechat", "", "添加微信，发送产品资料", "Connected on WeChat and sent product sheets"),
    outgoing("email", "follow_up", "邮件发送报价说明，请对方确认需求清单", "E-mailed how we quote; they will confirm their list of needs"),
    outgoing(
        "visit",
        "appointment",
        "上门拜访，见到采购负责人，约好下周演示",
        "Visited; met the head of purchasing, demo agreed for next week",
    ),
    incoming("call", "connected", "对方来电询问交货周期", "They called to ask about lead times"),
    outgoing("call", "no_answer", "两次致电均无人接听", "Called twice, no answer"),
    meeting("event", "interested", "沙龙活动上聊了四十分钟，兴趣明显", "Forty minutes at our meet-up; clearly interested"),
    meeting("note", "", "内部备注：预算由总部审批，决策链较长", "Internal note: budget is approved at headquarters, long chain"),
];

/// While something is being sold.
pub const DEALING: &[Line] = &[
    meeting("meeting", "completed", "需求评审会，确认了三个必须功能", "Requirements review; three must-haves confirmed"),
    outgoing("visit", "completed", "现场勘查，测量了安装空间", "Site survey; measured the installation area"),
    outgoing("email", "follow_up", "发送第二版方案和报价", "Sent the second version of proposal and quote"),
    outgoing("call", "follow_up", "跟进报价，对方希望再优惠五个点", "Followed up the quote; they ask for five per cent more off"),
    incoming("wechat", "interested", "客户微信询问能否分期付款", "Asked on WeChat whether they can pay in instalments"),
    meeting("meeting", "completed", "与法务一起过合同条款", "Went through the contract with their lawyers"),
    outgoing("call", "connected", "确认了报价，下周走签约流程", "Quote confirmed; signing starts next week"),
    incoming("email", "follow_up", "对方提出竞品对比，要求书面答复", "They sent a comparison with a competitor and want it answered"),
    outgoing("visit", "appointment", "给管理层演示样机，反馈良好", "Demonstrated the prototype to management; well received"),
    outgoing("call", "busy", "对方在开会，明天上午再联系", "In a meeting; call again tomorrow morning"),
    meeting("note", "", "内部备注：毛利低于底线需经理审批", "Internal note: margin below the floor needs the manager's approval"),
];

/// For those who have bought.
pub const CARING: &[Line] = &[
    outgoing(
        "after_sale_visit",
        "completed",
        "售后回访，设备运行正常，培训了两名操作员",
        "After-sale visit; all running, two operators trained",
    ),
    outgoing("call", "connected", "季度回访，满意度九分", "Quarterly call; nine out of ten"),
    outgoing("gift", "", "寄送中秋礼盒", "Sent a mid-autumn gift box"),
    incoming("call", "completed", "报修电话，已安排工程师次日到场", "Called for a repair; engineer on site the next day"),
    meeting("meeting", "interested", "年度业务回顾，讨论明年扩产计划", "Annual review; talked about next year's expansion"),
    incoming("wechat", "interested", "客户转介绍了一家同行", "Referred another company to us"),
    outgoing("visit", "follow_up", "拜访新任厂长，介绍服务方案", "Visited the new plant manager and explained our service plans"),
    outgoing("email", "", "发送续约提醒和新价目表", "Sent renewal notice and the new price list"),
];

/// For those who have left.
pub const MISSING: &[Line] = &[
    outgoing("winback_call", "not_interested", "挽回电话，对方已换供应商", "Win-back call; they have changed supplier"),
    outgoing("winback_call", "follow_up", "挽回电话，对方愿意半年后再谈", "Win-back call; willing to talk again in half a year"),
    outgoing("email", "", "发送老客户回归优惠", "Sent an offer for returning customers"),
];

pub const CONTENTS: &[Both] = &[
    ("参会人员：采购、技术、财务各一名。\n下一步：提交正式报价。", "Present: purchasing, engineering, finance.\nNext step: formal quote."),
    ("对方关注三点：价格、交期、售后。\n已承诺周五前答复。", "They care about price, lead time and service.\nWe answer by Friday."),
    ("现场照片已归档。电源容量需要客户增容。", "Site photos are filed. The customer has to upgrade the power supply."),
];

pub const PROJECTS: &[Both] = &[
    ("一期设备采购", "Equipment, first phase"),
    ("产线改造项目", "Production line upgrade"),
    ("年度框架协议", "Annual framework agreement"),
    ("系统升级", "System upgrade"),
    ("新仓库建设", "New warehouse"),
    ("维保服务续签", "Maintenance renewal"),
    ("试点项目", "Pilot project"),
    ("总部大楼配套", "Headquarters fit-out"),
];

pub const NEEDS: &[Both] = &[
    ("希望缩短交货周期，支持月结", "Shorter lead times and monthly settlement"),
    ("需要本地化售后团队", "Needs a local service team"),
    ("要求对接现有管理系统", "Must connect to their present systems"),
    ("对价格敏感，批量采购", "Sensitive to price, buys in bulk"),
];

pub const HANDOVERS: &[Both] = &[
    ("区域调整", "Territory change"),
    ("原负责人休假，工作交接", "Owner on leave, work handed over"),
    ("客户要求更换对接人", "The customer asked for somebody else"),
    ("行业专组接手", "Taken over by the industry team"),
];

pub const ASSIGNMENTS: &[Both] = &[("公海分配", "Assigned from the pool"), ("市场活动线索下发", "Lead from a campaign")];

pub const TITLES: &[Both] = &[
    ("采购经理", "Purchasing manager"),
    ("总经理", "Managing director"),
    ("财务总监", "Finance director"),
    ("技术主管", "Head of engineering"),
    ("行政专员", "Office administrator"),
    ("生产厂长", "Plant manager"),
];

pub const COMPETITORS: &[Both] = &[("湖畔系统", "Lakeside Systems"), ("芦苇科技", "Reedworks"), ("", "")];

/// What is planned, and by which type of touch.
pub const PLANS: &[(&str, Both)] = &[
    ("call", ("电话跟进报价", "Call about the quote")),
    ("call", ("确认上次会议的待办事项", "Go through the open points of the last meeting")),
    ("visit", ("上门演示新方案", "Visit and show the new proposal")),
    ("meeting", ("与技术部门确认参数", "Settle the specifications with engineering")),
    ("email", ("发送合同草案", "Send the draft contract")),
    ("wechat", ("微信问候并约下次拜访", "Say hello on WeChat and arrange the next visit")),
];

pub const LOCKS: &[Both] = &[("等待招标结果", "Waiting for the tender"), ("预算下月审批", "Budget is decided next month")];

/// How long a touch takes, in minutes.
pub fn minutes(chance: &mut Chance, kind: &str) -> Option<i64> {
    match kind {
        "call" | "winback_call" => Some(chance.between(1, 25)),
        "visit" | "after_sale_visit" | "event" => Some(chance.between(30, 150)),
        "meeting" => Some(chance.between(30, 90)),
        _ => None,
    }
}
