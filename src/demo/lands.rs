//! Where the demo's customers are, and what companies and people are called there. Company names are made of ponds, fish and water
//! plants, so that they are nobody's.

/// The language that a customer is written about in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tongue {
    Chinese,
    English,
}

/// A place that customers are in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct City {
    pub name: &'static str,
    pub province: &'static str,
    pub slug: &'static str,
    /// Code of the dictionary `region`.
    pub region: &'static str,
    /// Number pattern of an office; it never reaches anybody.
    pub phone: &'static str,
    pub lat: f64,
    pub lng: f64,
}

/// A country and its names. Parts are separated by `|`, and `=` says how they are spelt in an address of the internet.
#[derive(Debug, PartialEq)]
pub struct Land {
    pub country: &'static str,
    pub currency: &'static str,
    pub tongue: Tongue,
    pub is_surname_first: bool,
    /// Between a person's names.
    pub gap: &'static str,
    pub cities: &'static [City],
    /// Both halves of a company's own name.
    pub heads: &'static str,
    pub tails: &'static str,
    /// What it does, with the code of the dictionary `industry`.
    pub trades: &'static str,
    /// The whole name, of `{city}`, `{brand}` and `{trade}`.
    pub forms: &'static str,
    pub surnames: &'static str,
    pub given: &'static str,
    /// Number pattern of a mobile phone. No number begins so, or the country keeps it for stories.
    pub mobile: &'static str,
}

type Place = (&'static str, &'static str, &'static str, &'static str, &'static str, f64, f64);

const fn city((name, province, slug, region, phone, lat, lng): Place) -> City {
    City { name, province, slug, region, phone, lat, lng }
}

pub const CHINA: Land = Land {
    country: "CN",
    currency: "CNY",
    tongue: Tongue::Chinese,
    is_surname_first: true,
    gap: "",
    cities: &[
        city(("北京", "北京市", "bj", "north_china", "010-0### ####", 39.91, 116.40)),
        city(("天津", "天津市", "tj", "north_china", "022-0### ####", 39.08, 117.20)),
        city(("沈阳", "辽宁省", "sy", "northeast_china", "024-0### ####", 41.80, 123.43)),
        city(("大连", "辽宁省", "dl", "northeast_china", "0411-0### ####", 38.91, 121.61)),
        city(("上海", "上海市", "sh", "east_china", "021-0### ####", 31.23, 121.47)),
        city(("杭州", "浙江省", "hz", "east_china", "0571-0### ####", 30.27, 120.16)),
        city(("宁波", "浙江省", "nb", "east_china", "0574-0### ####", 29.87, 121.54)),
        city(("苏州", "江苏省", "sz", "east_china", "0512-0### ####", 31.30, 120.58)),
        city(("南京", "江苏省", "nj", "east_china", "025-0### ####", 32.06, 118.80)),
        city(("青岛", "山东省", "qd", "east_china", "0532-0### ####", 36.07, 120.38)),
        city(("厦门", "福建省", "xm", "east_china", "0592-0### ####", 24.48, 118.09)),
        city(("广州", "广东省", "gz", "south_china", "020-0### ####", 23.13, 113.26)),
        city(("深圳", "广东省", "szx", "south_china", "0755-0### ####", 22.54, 114.06)),
        city(("武汉", "湖北省", "wh", "central_china", "027-0### ####", 30.59, 114.31)),
        city(("长沙", "湖南省", "cs", "central_china", "0731-0### ####", 28.23, 112.94)),
        city(("郑州", "河南省", "zz", "central_china", "0371-0### ####", 34.75, 113.63)),
        city(("成都", "四川省", "cd", "southwest_china", "028-0### ####", 30.57, 104.07)),
        city(("重庆", "重庆市", "cq", "southwest_china", "023-0### ####", 29.56, 106.55)),
        city(("昆明", "云南省", "km", "southwest_china", "0871-0### ####", 25.04, 102.72)),
        city(("西安", "陕西省", "xa", "northwest_china", "029-0### ####", 34.34, 108.94)),
    ],
    heads: "青=qing|玄=xuan|银=yin|赤=chi|碧=bi|墨=mo|霜=shuang|晴=qing|听=ting|枕=zhen|跃=yue|栖=qi|潜=qian|澄=cheng|暮=mu|素=su",
    tails: "鳞=lin|鳍=qi|鲤=li|鲈=lu|鳜=gui|鲢=lian|藻=zao|荇=xing|汀=ting|渚=zhu|漪=yi|芰=ji|蒲=pu|鹭=lu",
    trades: "精密机械=manufacturing|自动化设备=manufacturing|新材料=manufacturing|新能源=energy|建筑工程=construction|供应链=transport|\
             冷链物流=transport|餐饮管理=hospitality|信息技术=information_technology|软件=information_technology|医疗器械=healthcare|\
             教育科技=education|文化传媒=media|农业发展=agriculture|食品贸易=wholesale|连锁超市=retail|物业服务=real_estate|\
             企业咨询=business_services|检测技术=research",
    forms: "{city}{brand}{trade}有限公司|{city}市{brand}{trade}有限公司|{brand}{trade}（{city}）有限公司|{city}{brand}{trade}股份有限公司|\
            {brand}{trade}集团有限公司",
    surnames: "陈=chen|林=lin|王=wang|李=li|张=zhang|刘=liu|杨=yang|黄=huang|吴=wu|周=zhou|徐=xu|孙=sun|马=ma|朱=zhu|胡=hu|郭=guo|何=he|\
               高=gao|罗=luo|郑=zheng|梁=liang|谢=xie|宋=song|唐=tang|许=xu|韩=han|邓=deng|冯=feng|曹=cao|彭=peng|欧阳=ouyang|司徒=situ",
    given: "雨晴=yuqing|思源=siyuan|志远=zhiyuan|婉如=wanru|建国=jianguo|晓彤=xiaotong|文涛=wentao|丽华=lihua|子墨=zimo|佳宁=jianing|\
            俊杰=junjie|海燕=haiyan|明轩=mingxuan|雅琴=yaqin|国栋=guodong|欣怡=xinyi|浩然=haoran|桂芳=guifang|伟=wei|静=jing|磊=lei|娜=na|\
            超=chao|敏=min|峰=feng|琳=lin|毅=yi|洁=jie|鹏=peng|颖=ying",
    mobile: "100 #### ####",
};

pub const UNITED_STATES: Land = Land {
    country: "US",
    currency: "USD",
    tongue: Tongue::English,
    is_surname_first: false,
    gap: " ",
    cities: &[
        city(("Portland", "Oregon", "pdx", "north_america", "+1 503 555 01##", 45.52, -122.68)),
        city(("Duluth", "Minnesota", "dlh", "north_america", "+1 218 555 01##", 46.79, -92.10)),
        city(("Savannah", "Georgia", "sav", "north_america", "+1 912 555 01##", 32.08, -81.09)),
    ],
    heads: "Willow=willow|Heron=heron|Cattail=cattail|Carpenter's =carpenters|Mossy =mossy|Dragonfly =dragonfly|Old Mill =oldmill",
    tails: "mere=mere|pond=pond|brook=brook|reed=reed|weir=weir|lily=lily",
    trades: "Instruments=manufacturing|Freight=transport|Software=information_technology|Foods=wholesale|Clinics=healthcare|\
             Outfitters=retail|Energy=energy",
    forms: "{brand} {trade} Inc.|{brand} {trade} LLC|{brand} & Daughters {trade}|{city} {brand} {trade}",
    surnames: "Okafor=okafor|Whitfield=whitfield|O'Malley=omalley|Nguyen=nguyen|Castellano=castellano|Abernathy=abernathy|Patel=patel",
    given: "Harper=harper|Miles=miles|Ruth=ruth|Desmond=desmond|Zoë=zoe|Walter=walter|Priya=priya|Chloé=chloe",
    mobile: "+1 206 555 01##",
};

pub const GERMANY: Land = Land {
    country: "DE",
    currency: "EUR",
    tongue: Tongue::English,
    is_surname_first: false,
    gap: " ",
    cities: &[
        city(("Köln", "Nordrhein-Westfalen", "koeln", "europe", "+49 221 4710 ###", 50.94, 6.96)),
        city(("Görlitz", "Sachsen", "goerlitz", "europe", "+49 30 23125 ###", 51.15, 14.99)),
        city(("Lübeck", "Schleswig-Holstein", "luebeck", "europe", "+49 40 66969 ###", 53.87, 10.69)),
    ],
    heads: "Grün=gruen|Röhricht=roehricht|Karpfen=karpfen|Seerosen=seerosen|Weiher=weiher|Hecht=hecht|Mühl=muehl",
    tails: "teich=teich|ufer=ufer|höfer=hoefer|stein=stein|brücke=bruecke|grund=grund",
    trades: "Maschinenbau=manufacturing|Großküchen=hospitality|Logistik=transport|Kältetechnik=manufacturing|Möbel=retail|\
             Messgeräte=research|Bau=construction",
    forms: "{brand} {trade} GmbH|{brand} {trade} AG|{brand} & Söhne {trade} KG|{brand} {trade} {city} GmbH",
    surnames: "Schäfer=schaefer|Großmann=grossmann|Vöhringer=voehringer|Lindqvist=lindqvist|Brückner=brueckner|Yılmaz=yilmaz|Kästner=kaestner",
    given: "Jürgen=juergen|Annegret=annegret|Sören=soeren|Käthe=kaethe|Matthias=matthias|Özlem=oezlem|Björn=bjoern",
    mobile: "+49 171 39200 ##",
};

pub const FRANCE: Land = Land {
    country: "FR",
    currency: "EUR",
    tongue: Tongue::English,
    is_surname_first: false,
    gap: " ",
    cities: &[
        city(("Nîmes", "Occitanie", "nimes", "europe", "+33 4 65 71 ## ##", 43.84, 4.36)),
        city(("Besançon", "Bourgogne-Franche-Comté", "besancon", "europe", "+33 3 53 01 ## ##", 47.24, 6.02)),
        city(("Orléans", "Centre-Val de Loire", "orleans", "europe", "+33 2 61 91 ## ##", 47.90, 1.90)),
    ],
    heads: "Étang=etang|Brochet=brochet|Héron=heron|Nénuphar=nenuphar|Roselière=roseliere|Goujon=goujon",
    tails: " Doré=dore| Bleu=bleu| d'Été=dete| Argenté=argente| du Pré=dupre| Rêveur=reveur",
    trades: "Mécanique=manufacturing|Énergies=energy|Épicerie fine=wholesale|Hôtellerie=hospitality|Santé=healthcare|Éditions=media",
    forms: "{brand} {trade} SARL|{brand} {trade} SAS|Ateliers {brand} {trade}|{trade} {brand} – {city}",
    surnames: "Lefèvre=lefevre|Gauçherand=gaucherand|Benoît=benoit|Traoré=traore|Delaunay=delaunay|Périgneau=perigneau",
    given: "Élodie=elodie|François=francois|Zoé=zoe|Raphaël=raphael|Anaïs=anais|Jérôme=jerome|Maëlle=maelle",
    mobile: "+33 6 39 98 ## ##",
};

pub const JAPAN: Land = Land {
    country: "JP",
    currency: "JPY",
    tongue: Tongue::English,
    is_surname_first: true,
    gap: " ",
    cities: &[
        city(("京都市", "京都府", "kyoto", "asia", "+81 75 000 ####", 35.01, 135.77)),
        city(("仙台市", "宮城県", "sendai", "asia", "+81 22 000 ####", 38.27, 140.87)),
        city(("福岡市", "福岡県", "fukuoka", "asia", "+81 92 000 ####", 33.59, 130.40)),
    ],
    heads: "青=ao|白=shira|霞=kasumi|睡蓮=suiren|月=tsuki|葦=ashi|錦=nishiki",
    tails: "池=ike|鯉=goi|沼=numa|鮎=ayu|葉=ba|瀬=se",
    trades: "精機=manufacturing|食品=wholesale|物流=transport|システム=information_technology|建設=construction|電子=manufacturing",
    forms: "株式会社{brand}{trade}|{brand}{trade}株式会社|有限会社{brand}{trade}|{brand}{trade}ホールディングス株式会社",
    surnames: "佐々木=sasaki|小野寺=onodera|渡邊=watanabe|長谷川=hasegawa|東雲=shinonome|五十嵐=igarashi",
    given: "さくら=sakura|健太=kenta|美咲=misaki|翔太=shota|陽菜=hina|拓海=takumi|ゆうこ=yuko",
    mobile: "+81 70 0000 ####",
};

pub const SPAIN: Land = Land {
    country: "ES",
    currency: "EUR",
    tongue: Tongue::English,
    is_surname_first: false,
    gap: " ",
    cities: &[
        city(("Cádiz", "Andalucía", "cadiz", "europe", "+34 000 00# ###", 36.53, -6.29)),
        city(("A Coruña", "Galicia", "coruna", "europe", "+34 000 01# ###", 43.36, -8.41)),
        city(("León", "Castilla y León", "leon", "europe", "+34 000 02# ###", 42.60, -5.57)),
    ],
    heads: "Estanque=estanque|Garza=garza|Trucha=trucha|Cañaveral=canaveral|Nenúfar=nenufar|Ribera=ribera",
    tails: " Azul=azul| Añil=anil| del Niño=delnino| Ámbar=ambar| Pequeña=pequena| Otoñal=otonal",
    trades: "Construcción=construction|Energía=energy|Logística=transport|Alimentación=wholesale|Clínicas=healthcare|Diseño=media",
    forms: "{brand} {trade} S.L.|{brand} {trade} S.A.|{trade} {brand} de {city}|Hermanos {brand} {trade}",
    surnames: "Ibáñez=ibanez|Núñez=nunez|Echeverría=echeverria|Peña=pena|Gutiérrez=gutierrez|Castaño=castano",
    given: "Begoña=begona|Íñigo=inigo|Concepción=concepcion|Martín=martin|Nuria=nuria|Andrés=andres",
    mobile: "+34 000 9## ###",
};
