//! Names, numbers and addresses: some words in most names, some in hardly any.

use fishpond::crm::phones::Phone;
use fishpond::demo::chance::Chance;

const CITIES: &str = "深圳=广东省|广州=广东省|东莞=广东省|北京=北京市|上海=上海市|杭州=浙江省|宁波=浙江省|温州=浙江省|苏州=江苏省|南京=江苏省|无锡=江苏省|\
    成都=四川省|重庆=重庆市|武汉=湖北省|长沙=湖南省|西安=陕西省|青岛=山东省|济南=山东省|厦门=福建省|福州=福建省|天津=天津市|沈阳=辽宁省|大连=辽宁省|合肥=安徽省|郑州=河南省|昆明=云南省";
const FIRST: &str =
    "华|中|鑫|金|宏|恒|瑞|德|盛|天|东|新|海|联|信|安|嘉|佳|永|泰|正|和|亚|万|博|凯|伟|飞|龙|星|润|泽|睿|启|晨|昊|源|诚|立|达";
const SECOND: &str =
    "达|通|盛|源|泰|丰|隆|兴|发|利|美|康|捷|腾|辉|宇|创|联|智|讯|能|科|润|邦|成|信|力|航|洋|谷|域|景|帆|锐|恩|特|诺|迪|朗|拓";
const TRADES: &str =
    "科技|科技|科技|贸易|实业|电子|机械|信息技术|网络科技|生物科技|建筑工程|物流|食品|服装|家具|化工|环保科技|教育咨询|汽车配件|医疗器械";
const FORMS: &str = "有限公司|有限公司|有限公司|有限公司|有限公司|有限公司|有限责任公司|股份有限公司|集团有限公司|厂";
const LATIN_FIRST: &str = "Solar|Solar|Nova|Alpine|Nordic|Pacific|Atlas|Vertex|Quantum|Blue|Iron|Müller|Énergie|Castillo|Hawthorne";
const LATIN_SECOND: &str = "Systems|Energy|Logistics|Foods|Medical|Software|Textiles|Machinery|Trading|Optics";
const LATIN_FORMS: &str = "GmbH|Inc.|Ltd|S.A.|LLC|AG";
const SURNAMES: &str = "王|李|张|刘|陈|杨|黄|赵|吴|周|徐|孙|马|朱|胡|郭|何|林|高|罗|欧阳|司马";
const GIVEN: &str = "伟|芳|娜|敏|静|丽|强|磊|军|洋|勇|艳|杰|娟|涛|明|超|秀英|霞|平|刚|桂英|文博|雨晴|思源|梓涵|浩然|欣怡|子轩|一诺";
const LATIN_GIVEN: &str = "Anna|James|Sophie|Jonas|María|Luca|Emily|Oliver|Zoë|Peter";
const LATIN_SURNAMES: &str = "Smith|Weber|Laurent|García|Rossi|Novak|Jensen|Brown|Keller|Moore";
const REMARKS: &str = "展会上认识，对价格比较敏感|老客户介绍，需要尽快安排拜访|目前使用竞争对手的产品，合同年底到期|技术部门已经试用，反馈良好|预算要到下个季度才批|希望先签小单试一试";
const LATIN_REMARKS: &str =
    "Met at the fair, asks for a quote|Uses a competitor's product until December|Wants a trial first|Budget comes next quarter";

/// A company's name, and where it is: province and city, of Chinese ones.
pub struct Company {
    pub name: String,
    pub place: Option<(&'static str, &'static str)>,
}

/// One of seven is not Chinese; one of 40,000 has characters that no other has.
pub fn company(chance: &mut Chance, index: usize) -> Company {
    if is_latin(index) {
        let words = [LATIN_FIRST, LATIN_SECOND, LATIN_FORMS].map(|words| chance.part(words));
        return Company { name: words.join(" "), place: None };
    }
    let (city, province) = chance.spelt(CITIES);
    let brand = if index % 40_000 == 5_000 { "鱻龘".to_owned() } else { [FIRST, SECOND].map(|part| chance.part(part)).concat() };
    Company { name: format!("{city}{brand}{}{}", chance.part(TRADES), chance.part(FORMS)), place: Some((province, city)) }
}

pub fn is_latin(customer: usize) -> bool {
    customer % 7 == 3
}

pub fn person(chance: &mut Chance, customer: usize) -> String {
    match is_latin(customer) {
        true => format!("{} {}", chance.part(LATIN_GIVEN), chance.part(LATIN_SURNAMES)),
        false => format!("{}{}", chance.part(SURNAMES), chance.part(GIVEN)),
    }
}

/// Mostly mobile numbers, which begin with 13 more often than not.
pub fn phone(chance: &mut Chance, customer: usize) -> Phone {
    let pattern = match is_latin(customer) {
        true => chance.part("+49 30 #######|+1 415 555 01##|+33 1 42 ## ## ##"),
        false => chance
            .part("139########|138########|136########|+86 137########|135 #### ####|158########|186########|0755-8#######|010-6#######"),
    };
    Phone { number: chance.digits(pattern), label: Some(chance.part("work|mobile").to_owned()) }
}

pub fn remarks(chance: &mut Chance, customer: usize) -> Option<String> {
    let texts = if is_latin(customer) { LATIN_REMARKS } else { REMARKS };
    chance.one_in(5).then(|| chance.part(texts).to_owned())
}
