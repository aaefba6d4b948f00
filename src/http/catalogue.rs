//! Every problem code in one table: status, whether a retry can help, title and detail in English and Chinese.
//!
//! A detail is a template over the problem's `meta`: whatever a reader sees in the sentence, a program finds in `meta`.

use strum::{AsRefStr, EnumIter, EnumString};

use super::language::Language;

/// A stable, untranslated problem code; its snake_case name is what travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsRefStr, EnumString, EnumIter)]
#[strum(serialize_all = "snake_case")]
pub enum Code {
    // 400: the request cannot be read
    InvalidJson,
    DuplicateKey,
    BodyTooComplex,
    InvalidParameter,
    UnknownParameter,
    RepeatedParameter,
    InvalidCursor,
    CursorMismatch,
    FilterTooComplex,
    InvalidHeader,
    BadRequest,
    // 401, 403
    Unauthenticated,
    InvalidToken,
    ExpiredToken,
    InvalidApiKey,
    InvalidCredentials,
    InvalidRefreshToken,
    InsufficientScope,
    InsufficientRole,
    PoolForbidden,
    NotOwner,
    PasswordChangeRequired,
    RequesterInactive,
    // 404 to 415
    NotFound,
    RouteNotFound,
    MethodNotAllowed,
    NotAcceptable,
    RequestTimeout,
    Conflict,
    EmailTaken,
    ExternalRefTaken,
    HierarchyCycle,
    HierarchyTooDeep,
    LastAdmin,
    NameTaken,
    ValueTaken,
    DuplicateValues,
    TooManyFields,
    NotRetired,
    CustomerDeleted,
    PoolDisabled,
    AlreadyClaimed,
    AlreadyPooled,
    ItemQuietPeriod,
    ReclaimCooldown,
    DailyClaimLimit,
    HoldingCapReached,
    LockLimitReached,
    UserStillHolds,
    InUse,
    InvalidTransition,
    IdempotencyInProgress,
    CursorExpired,
    VersionConflict,
    AlreadyExists,
    DoesNotExist,
    BodyTooLarge,
    UriTooLong,
    UnsupportedMediaType,
    UnsupportedContentEncoding,
    // 422: the fields
    ValidationFailed,
    IdempotencyKeyReused,
    NoMatchingPool,
    WorkspaceRequired,
    Required,
    WrongType,
    UnknownField,
    ReadOnlyField,
    TooShort,
    TooLong,
    TooSmall,
    TooLarge,
    TooManyItems,
    TooFewItems,
    DuplicateItem,
    InvalidChoice,
    InvalidFormat,
    TooManyDecimals,
    InvalidCharacters,
    WrongResourceType,
    UnknownReference,
    InactiveReference,
    UnrelatedReference,
    SameUser,
    MayNotOwn,
    UnknownCode,
    RetiredCode,
    RetiredField,
    PersonOnly,
    ExclusiveFields,
    DateInFuture,
    ClosedStage,
    NotReopened,
    AmountRequired,
    NotApplicable,
    CommonPassword,
    WrongPassword,
    SamePassword,
    UnknownScope,
    UnknownTimeZone,
    // 424: batches
    RolledBack,
    // 429, 5xx
    TooManyAttempts,
    InternalError,
    JobInterrupted,
    Overloaded,
    DatabaseUnavailable,
    StorageFull,
    ShuttingDown,
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    pub status: u16,
    pub title: [&'static str; 2],
    pub detail: [&'static str; 2],
}

const fn row(status: u16, title_en: &'static str, title_zh: &'static str, detail_en: &'static str, detail_zh: &'static str) -> Entry {
    Entry { status, title: [title_en, title_zh], detail: [detail_en, detail_zh] }
}

impl Code {
    pub fn name(&self) -> &str {
        self.as_ref()
    }

    /// Whether the same request may succeed later without being changed.
    pub const fn retryable(self) -> bool {
        matches!(self.entry().status, 408 | 429 | 503) || matches!(self, Self::IdempotencyInProgress)
    }

    pub const fn title(self, language: Language) -> &'static str {
        let [en, zh] = self.entry().title;
        match language {
            Language::En => en,
            Language::Zh => zh,
        }
    }

    pub const fn detail(self, language: Language) -> &'static str {
        let [en, zh] = self.entry().detail;
        match language {
            Language::En => en,
            Language::Zh => zh,
        }
    }

    pub const fn entry(self) -> Entry {
        match self {
            Self::InvalidJson => row(
                400,
                "The body is not valid JSON",
                "请求体不是有效的 JSON",
                "The body cannot be read as JSON at line {line}, column {column}",
                "第 {line} 行第 {column} 列无法解析为 JSON",
            ),
            Self::DuplicateKey => row(
                400,
                "A JSON key appears twice",
                "JSON 键重复",
                "The key {key} appears twice in one object",
                "键 {key} 在同一对象中出现两次",
            ),
            Self::BodyTooComplex => row(
                400,
                "The body is too deep or has too many keys or items",
                "请求体嵌套过深，或键、数组元素过多",
                "At most {max_depth} levels, {max_keys} keys and {max_items} items of arrays are read",
                "最多允许 {max_depth} 层、{max_keys} 个键和 {max_items} 个数组元素",
            ),
            Self::InvalidParameter => row(
                400,
                "A query parameter is not valid",
                "查询参数无效",
                "The parameter {parameter} must be {expected}",
                "参数 {parameter} 应为 {expected}",
            ),
            Self::UnknownParameter => row(
                400,
                "Unknown query parameter",
                "未知的查询参数",
                "There is no query parameter {parameter} here",
                "此处没有查询参数 {parameter}",
            ),
            Self::RepeatedParameter => row(
                400,
                "A query parameter is repeated",
                "查询参数重复",
                "The parameter {parameter} may be given once",
                "参数 {parameter} 只能出现一次",
            ),
            Self::InvalidCursor => row(
                400,
                "The cursor is damaged",
                "游标已损坏",
                "The cursor was not issued by this API or was changed",
                "该游标不是本接口签发的，或已被改动",
            ),
            Self::CursorMismatch => row(
                400,
                "The cursor belongs to another list",
                "游标不属于此列表",
                "The cursor was issued for another filter or sort",
                "该游标是为其他筛选或排序签发的",
            ),
            Self::FilterTooComplex => row(
                400,
                "The filter is too complex",
                "筛选条件过于复杂",
                "At most {max_depth} levels, {max_comparisons} comparisons, {max_values} values and {max_characters} characters of text",
                "最多允许 {max_depth} 层、{max_comparisons} 个条件、{max_values} 个取值，文本最多 {max_characters} 个字符",
            ),
            Self::InvalidHeader => {
                row(400, "A header is not valid", "请求头无效", "The header {header} must be {expected}", "请求头 {header} 应为 {expected}")
            }
            Self::BadRequest => row(400, "The request cannot be read", "请求无法解析", "The request cannot be read", "请求无法解析"),
            Self::Unauthenticated => row(
                401,
                "Authentication is required",
                "需要身份验证",
                "Send an access token or an API key as Authorization: Bearer",
                "请在 Authorization: Bearer 中提供访问令牌或 API 密钥",
            ),
            Self::InvalidToken => row(
                401,
                "The access token is not valid",
                "访问令牌无效",
                "The access token is not valid, or its session has ended",
                "访问令牌无效，或其会话已结束",
            ),
            Self::ExpiredToken => row(
                401,
                "The access token has expired",
                "访问令牌已过期",
                "Use the refresh token to get a new access token",
                "请使用刷新令牌获取新的访问令牌",
            ),
            Self::InvalidApiKey => row(
                401,
                "The API key is not valid",
                "API 密钥无效",
                "The API key is unknown, expired or revoked",
                "API 密钥不存在、已过期或已吊销",
            ),
            Self::InvalidCredentials => {
                row(401, "E-mail or password is wrong", "邮箱或密码错误", "E-mail or password is wrong", "邮箱或密码错误")
            }
            Self::InvalidRefreshToken => row(
                401,
                "The refresh token is not valid",
                "刷新令牌无效",
                "The refresh token is unknown, expired, used or revoked; log in again",
                "刷新令牌不存在、已过期、已使用或已吊销，请重新登录",
            ),
            Self::InsufficientScope => row(
                403,
                "The API key lacks a scope",
                "API 密钥缺少权限范围",
                "The scope {required_scope} is required",
                "需要权限范围 {required_scope}",
            ),
            Self::InsufficientRole => row(
                403,
                "The role does not allow this",
                "角色无权执行此操作",
                "The role {required_role} is required",
                "需要角色 {required_role}",
            ),
            Self::PoolForbidden => row(
                403,
                "This pool is not yours",
                "无权使用该公海",
                "Only members of the pool, or its administrators, may do this",
                "只有该公海的成员或管理员才能执行此操作",
            ),
            Self::NotOwner => row(
                403,
                "Only its owner may change this",
                "仅负责人可以修改",
                "You can see this object, but it is not yours to change",
                "您可以查看该对象，但无权修改",
            ),
            Self::PasswordChangeRequired => row(
                403,
                "The password must be changed first",
                "必须先修改密码",
                "Change the password with POST /api/v1/me/password first",
                "请先通过 POST /api/v1/me/password 修改密码",
            ),
            Self::NotFound => row(404, "Not found", "未找到", "There is no such object", "不存在该对象"),
            Self::RouteNotFound => row(404, "No such route", "没有此路径", "Nothing answers at this path", "该路径下没有接口"),
            Self::MethodNotAllowed => row(405, "Method not allowed", "不支持该请求方法", "This path answers {allow}", "该路径支持 {allow}"),
            Self::NotAcceptable => {
                row(406, "Not acceptable", "无法提供所要求的格式", "Answers are application/json", "应答格式为 application/json")
            }
            Self::RequestTimeout => {
                row(408, "The body did not arrive in time", "请求体接收超时", "The body did not arrive in time", "请求体未在规定时间内到达")
            }
            Self::Conflict => row(
                409,
                "Conflict with what is stored",
                "与已有数据冲突",
                "The change conflicts with what is stored",
                "该修改与已有数据冲突",
            ),
            Self::EmailTaken => row(
                409,
                "The e-mail is taken",
                "邮箱已被使用",
                "Another user of this workspace has this e-mail",
                "本工作区已有用户使用该邮箱",
            ),
            Self::ExternalRefTaken => row(
                409,
                "The external reference is taken",
                "外部编号已被占用",
                "Another object has the reference {system}:{value}",
                "外部编号 {system}:{value} 已属于其他对象",
            ),
            Self::HierarchyCycle => row(
                409,
                "The hierarchy would have a cycle",
                "层级关系会形成循环",
                "A customer cannot be below itself",
                "客户不能位于其自身之下",
            ),
            Self::HierarchyTooDeep => {
                row(422, "The hierarchy is too deep", "层级过深", "At most {max_depth} levels are allowed", "最多允许 {max_depth} 层")
            }
            Self::LastAdmin => row(
                409,
                "The last administrator must stay",
                "必须保留最后一位管理员",
                "A workspace needs at least one active administrator",
                "工作区至少需要一位启用的管理员",
            ),
            Self::NameTaken => row(409, "The name is taken", "名称已被使用", "Another object has this name", "已有对象使用该名称"),
            Self::ValueTaken => {
                row(409, "The value is taken", "该值已被使用", "Another object has this {field}", "已有对象使用相同的 {field}")
            }
            Self::DuplicateValues => row(
                409,
                "Some values are there more than once",
                "存在重复的值",
                "Values of this field that several objects have: {count}",
                "该字段中被多个对象使用的值：{count} 个",
            ),
            Self::TooManyFields => row(
                409,
                "Too many custom fields",
                "自定义字段过多",
                "A resource has at most {max} custom fields; retire one first",
                "每种资源最多有 {max} 个自定义字段，请先停用一个",
            ),
            Self::NotRetired => {
                row(409, "The field is not retired", "字段尚未停用", "Retire the field before it is deleted", "请先停用该字段，再将其删除")
            }
            Self::CustomerDeleted => {
                row(409, "Its customer is deleted", "所属客户已删除", "Restore the customer first", "请先恢复所属客户")
            }
            Self::PoolDisabled => {
                row(409, "The pool is disabled", "公海已停用", "Nobody claims from a pool that is not enabled", "已停用的公海不能领取客户")
            }
            Self::AlreadyClaimed => {
                row(409, "Already claimed", "客户已被领取", "The customer is not in this pool any more", "该客户已不在此公海中")
            }
            Self::AlreadyPooled => row(409, "Nobody owns it", "客户没有负责人", "The customer lies in a pool", "该客户在公海中"),
            Self::ItemQuietPeriod => {
                row(409, "Too new in the pool", "客户处于静默期", "It can be claimed from {available_at} on", "{available_at} 之后可以领取")
            }
            Self::ReclaimCooldown => row(
                409,
                "Held too recently",
                "领取冷却期内",
                "You held it before; it can be claimed again from {available_at} on",
                "您曾持有该客户，{available_at} 之后可以再次领取",
            ),
            Self::DailyClaimLimit => row(
                409,
                "Enough for today",
                "今日领取已达上限",
                "{used} of {limit} claims of this day are used; the next day begins at {resets_at}",
                "今日已领取 {used} 个，上限 {limit} 个，{resets_at} 重置",
            ),
            Self::HoldingCapReached => row(
                409,
                "The holding cap is reached",
                "持有客户已达上限",
                "{held} customers are held, the cap is {cap}; {excluded} more do not count",
                "已持有 {held} 个客户，上限 {cap} 个，另有 {excluded} 个不计入",
            ),
            Self::LockLimitReached => row(
                409,
                "Too many locked customers",
                "锁定客户过多",
                "{locked} customers are locked, the limit is {limit}",
                "已锁定 {locked} 个客户，上限 {limit} 个",
            ),
            Self::UserStillHolds => row(
                409,
                "The user still holds customers",
                "用户仍持有客户",
                "{count} customers belong to the user; hand them over first",
                "该用户仍持有 {count} 个客户，请先交接",
            ),
            Self::InUse => row(409, "Still in use", "仍在使用中", "{count} objects still use this", "仍有 {count} 个对象在使用"),
            Self::InvalidTransition => {
                row(409, "This move is not allowed", "不允许的状态变更", "{from} cannot become {to}", "{from} 不能变为 {to}")
            }
            Self::IdempotencyInProgress => row(
                409,
                "The same request is still running",
                "相同的请求仍在处理中",
                "A request with this Idempotency-Key is still running; try again in {retry_after} seconds",
                "使用该 Idempotency-Key 的请求仍在处理中，请在 {retry_after} 秒后重试",
            ),
            Self::CursorExpired => row(
                410,
                "The cursor is too old",
                "游标已过期",
                "Changes behind this cursor are gone: read the lists again, then go on from the cursor {next_cursor}",
                "该游标之后的变更已清除：请重新读取列表，再从游标 {next_cursor} 继续",
            ),
            Self::VersionConflict => row(
                412,
                "The object has changed",
                "对象已被修改",
                "The current version is {current_version}",
                "当前版本为 {current_version}",
            ),
            Self::AlreadyExists => row(
                412,
                "The object exists already",
                "对象已存在",
                "The object {existing_id} has this reference, and it was to be created only",
                "对象 {existing_id} 已有该编号，而请求仅允许新建",
            ),
            Self::DoesNotExist => row(
                412,
                "There is no such object",
                "对象不存在",
                "No object has this reference, and it was to be changed only",
                "没有对象使用该编号，而请求仅允许修改",
            ),
            Self::BodyTooLarge => {
                row(413, "The body is too large", "请求体过大", "At most {max_bytes} bytes are read", "最多接收 {max_bytes} 字节")
            }
            Self::UriTooLong => {
                row(414, "The URL is too long", "URL 过长", "At most {max_bytes} bytes are read", "最多接收 {max_bytes} 字节")
            }
            Self::UnsupportedMediaType => row(415, "Unsupported media type", "不支持的媒体类型", "Send {expected}", "请发送 {expected}"),
            Self::UnsupportedContentEncoding => row(
                415,
                "Compressed bodies are not read",
                "不接受压缩的请求体",
                "Send the body without Content-Encoding",
                "请勿使用 Content-Encoding 发送请求体",
            ),
            Self::ValidationFailed => {
                row(422, "Some fields are not valid", "部分字段无效", "Fields that are not valid: {count}", "无效字段数：{count}")
            }
            Self::IdempotencyKeyReused => row(
                422,
                "The idempotency key was used for another request",
                "幂等键已用于其他请求",
                "This Idempotency-Key was sent with another query or body; a new request needs a new key",
                "该 Idempotency-Key 已随不同的查询参数或请求体使用过；新的请求需要新的键",
            ),
            Self::NoMatchingPool => row(
                422,
                "No pool matches",
                "没有匹配的公海",
                "No enabled pool takes this customer; name one",
                "没有启用的公海接收该客户，请指定公海",
            ),
            Self::WorkspaceRequired => row(
                422,
                "Which workspace?",
                "需要选择工作区",
                "This e-mail belongs to several workspaces: send workspace_id",
                "该邮箱属于多个工作区：请提供 workspace_id",
            ),
            Self::Required => row(422, "Required", "必填", "A value is required", "必须填写"),
            Self::WrongType => row(422, "Wrong type", "类型错误", "Must be {expected}", "应为 {expected}"),
            Self::UnknownField => row(422, "Unknown field", "未知字段", "There is no field {field} here", "此处没有字段 {field}"),
            Self::ReadOnlyField => row(422, "Read-only field", "只读字段", "{field} cannot be set here", "{field} 不能在此设置"),
            Self::TooShort => row(422, "Too short", "过短", "At least {min} characters", "至少 {min} 个字符"),
            Self::TooLong => row(422, "Too long", "过长", "At most {max} characters", "最多 {max} 个字符"),
            Self::TooSmall => row(422, "Too small", "过小", "At least {min}", "至少为 {min}"),
            Self::TooLarge => row(422, "Too large", "过大", "At most {max}", "最多为 {max}"),
            Self::TooManyItems => row(422, "Too many items", "项目过多", "At most {max} items", "最多 {max} 项"),
            Self::TooFewItems => row(422, "Too few items", "项目过少", "At least {min} items", "至少 {min} 项"),
            Self::DuplicateItem => row(422, "Duplicate item", "项目重复", "Each item may appear once", "每一项只能出现一次"),
            Self::InvalidChoice => {
                row(422, "Not one of the choices", "不在可选值之内", "Must be one of {allowed}", "应为以下之一：{allowed}")
            }
            Self::InvalidFormat => row(422, "Wrong format", "格式错误", "Must match the format {format}", "应符合格式 {format}"),
            Self::TooManyDecimals => row(
                422,
                "Not an amount of this currency",
                "金额与币种不符",
                "A decimal number with at most {max} decimal places",
                "应为最多 {max} 位小数的十进制数",
            ),
            Self::InvalidCharacters => {
                row(422, "Invalid characters", "包含无效字符", "Control characters are not allowed", "不允许使用控制字符")
            }
            Self::WrongResourceType => row(
                422,
                "Not an id of this kind",
                "不是此类对象的编号",
                "Must be an id that begins with {prefix}_",
                "应为以 {prefix}_ 开头的编号",
            ),
            Self::UnknownReference => row(422, "Unknown reference", "引用不存在", "There is no such object", "不存在该对象"),
            Self::InactiveReference => row(422, "Inactive reference", "引用已停用", "The object is not active", "该对象已停用"),
            Self::UnrelatedReference => row(
                422,
                "The reference belongs elsewhere",
                "引用对象不属于此处",
                "The object belongs to another {of}",
                "该对象属于另一个 {of}",
            ),
            Self::SameUser => row(422, "The same user", "同一用户", "A user cannot hand over to itself", "不能交接给用户本人"),
            Self::MayNotOwn => row(
                422,
                "The user cannot own customers",
                "该用户不能持有客户",
                "A user who changes nothing cannot own customers",
                "只读用户不能持有客户",
            ),
            Self::UnknownCode => row(
                422,
                "Unknown code",
                "未知的字典代码",
                "The dictionary {dictionary} has no code {value}",
                "字典 {dictionary} 中没有代码 {value}",
            ),
            Self::RetiredCode => row(
                422,
                "Retired code",
                "已停用的字典代码",
                "The code {value} of the dictionary {dictionary} is retired",
                "字典 {dictionary} 的代码 {value} 已停用",
            ),
            Self::RetiredField => row(
                422,
                "Retired field",
                "已停用的字段",
                "The field {field} is retired: its value may stay or be cleared",
                "字段 {field} 已停用：其值只能保留或清除",
            ),
            Self::PersonOnly => {
                row(422, "For persons only", "仅适用于个人", "An organization cannot have this field", "组织客户不能填写该字段")
            }
            Self::ExclusiveFields => {
                row(422, "Only one of these fields", "字段互斥", "Only one of {fields} may be set", "{fields} 只能设置其一")
            }
            Self::DateInFuture => {
                row(422, "The date lies in the future", "日期在未来", "The date must not lie in the future", "日期不能在未来")
            }
            Self::ClosedStage => row(
                422,
                "Not an open stage",
                "不是进行中的阶段",
                "An opportunity begins in an open stage; move it from there",
                "商机须从进行中的阶段开始，再推进到其他阶段",
            ),
            Self::NotReopened => {
                row(422, "The opportunity is closed", "商机已关闭", "Move it to an open stage first", "请先将其移回进行中的阶段")
            }
            Self::AmountRequired => {
                row(422, "An amount is required", "必须填写金额", "A won opportunity has an amount above zero", "赢单商机的金额必须大于零")
            }
            Self::NotApplicable => row(
                422,
                "The field does not apply here",
                "该字段在此不适用",
                "This field has no meaning here: leave it out",
                "该字段在此没有意义，请勿填写",
            ),
            Self::CommonPassword => row(
                422,
                "The password is too common",
                "密码过于常见",
                "Choose a password that is not among the most common ones",
                "请选择不常见的密码",
            ),
            Self::WrongPassword => {
                row(422, "The current password is wrong", "当前密码错误", "The current password is wrong", "当前密码错误")
            }
            Self::SamePassword => row(
                422,
                "The password is the same",
                "新密码与当前密码相同",
                "The new password must differ from the current one",
                "新密码必须与当前密码不同",
            ),
            Self::UnknownScope => row(422, "Unknown scope", "未知的权限范围", "There is no scope {value}", "没有权限范围 {value}"),
            Self::UnknownTimeZone => {
                row(422, "Unknown time zone", "未知的时区", "{time_zone} is not an IANA time zone", "{time_zone} 不是 IANA 时区")
            }
            Self::RolledBack => row(
                424,
                "Undone with its batch",
                "已随批次撤销",
                "Nothing is wrong with this operation, but with another one of its batch, so it was not done",
                "该操作本身没有问题，但同批次的其他操作有误，因此未执行",
            ),
            Self::TooManyAttempts => {
                row(429, "Too many attempts", "尝试次数过多", "Try again in {retry_after} seconds", "请在 {retry_after} 秒后重试")
            }
            Self::InternalError => row(
                500,
                "Internal error",
                "内部错误",
                "Something failed on our side; the request id finds it in the log",
                "服务内部出错，可凭请求编号在日志中查询",
            ),
            Self::Overloaded => row(
                503,
                "Temporarily at capacity",
                "服务繁忙",
                "Too many requests at once; try again in {retry_after} seconds",
                "请求过多，请在 {retry_after} 秒后重试",
            ),
            Self::DatabaseUnavailable => row(
                503,
                "The database is unavailable",
                "数据库不可用",
                "The database cannot be reached; try again in {retry_after} seconds",
                "无法连接数据库，请在 {retry_after} 秒后重试",
            ),
            Self::StorageFull => row(
                503,
                "The storage is full",
                "存储空间不足",
                "Nothing was written; try again in {retry_after} seconds",
                "未写入任何数据，请在 {retry_after} 秒后重试",
            ),
            Self::RequesterInactive => row(
                403,
                "Whoever asked for the job may not act any more",
                "发起该任务的用户已无权操作",
                "The user was disabled, or the API key was revoked or has expired",
                "该用户已停用，或 API 密钥已吊销或过期",
            ),
            Self::JobInterrupted => row(
                500,
                "The job was interrupted too often",
                "任务多次中断",
                "Every server that ran the job stopped in the middle of it",
                "每个执行该任务的服务都在中途停止",
            ),
            Self::ShuttingDown => row(
                503,
                "Shutting down",
                "服务正在停止",
                "This server is stopping; try again in {retry_after} seconds",
                "服务正在停止，请在 {retry_after} 秒后重试",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;

    /// The `{names}` of a template.
    fn names(template: &str) -> Vec<&str> {
        let mut found: Vec<&str> = template.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn both_languages_say_the_same() {
        for code in Code::iter() {
            let Entry { status, title, detail: [en, zh] } = code.entry();
            assert!((400..=599).contains(&status), "{}", code.name());
            assert!(title.iter().all(|text| !text.is_empty()), "{}", code.name());
            assert!(!title[1].is_ascii(), "{} has no Chinese title", code.name());
            assert_eq!(names(en), names(zh), "{}", code.name());
        }
    }
}
