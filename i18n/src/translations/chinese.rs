//! The strings in Simplified Chinese.

use chat::{close::CloseCode, name::NicknameError, protocol::RefusalCode, room_name::RoomNameError};
use time::{Date, Weekday};

use crate::strings::{FormStrings, PageStrings, Strings};

pub(super) const STRINGS: Strings = Strings {
    brand: "茶馆",
    lobby: "大堂",
    skip: "跳到输入框",
    log_out: "退出登录",
    log_out_elsewhere: "退出其他设备",
    log_out_elsewhere_hint: "退出您在其他浏览器中的登录，以及此登录的所有副本",
    log_in: "登录",

    rooms: "聊天室",
    unread: |n| format!("{n} 条未读"),
    leave: |room| format!("离开“{room}”"),
    go_to_room: "去别的聊天室",
    room_example: "聊天室名称",
    go: "进入",
    room_unfit: |error| match error {
        RoomNameError::Empty => "请输入聊天室的名称。".to_owned(),
        RoomNameError::TooLong => "聊天室名称最多 32 个字。".to_owned(),
        RoomNameError::Unfit(c) if c.is_whitespace() => "聊天室名称里不能有空格，可以用 - 连接。".to_owned(),
        RoomNameError::Unfit(c) => format!("聊天室名称只能用文字、数字、- 和 _，不能有“{c}”。"),
        RoomNameError::NotCanonical => "聊天室名称要用小写字母。".to_owned(),
    },
    close: "关闭",

    members: "在座",
    here: |n| format!("{n} 人在座"),
    you: "我",
    more_members: |n| format!("还有 {n} 人，点此看看"),
    program: "机器人",
    programs: "机器人",

    timeline: |room| format!("“{room}”里的消息"),
    day: |date| format!("{} {}", day(date), weekday(date)),
    moment: |date, clock| format!("{} {clock}", day(date)),
    entered: |names, more| format!("~~~{}进入了聊天室~~~", list(names, more)),
    left: |names, more| format!("~~~{}离开了聊天室~~~", list(names, more)),
    earlier: "显示更早的消息",
    looking_back: "正在翻找……",
    earlier_gone: "再早的消息已不再保留。",
    further_back: "继续往前翻",
    missing: |n| format!("前面还有 {n} 条消息，点此显示"),
    missing_onward: |n| format!("后面还有 {n} 条消息，点此显示"),
    gone: |n| format!("这里有 {n} 条消息已不再保留。"),
    news: "离开之后的新消息",
    renewed: "服务器已恢复，这条线之前最近的消息可能缺失。",
    search: "搜索",
    empty: ("这里还没有人说话。", "茶已沏好，就等您开口。"),
    ask: |name| format!("有事就问 @{name}，比如“@{name} 帮助”。"),
    entering: "正在进入聊天室……",
    not_let_in: "进不了这个聊天室。",
    to_lobby: "回大堂",
    new_messages: |n| format!("{n} 条新消息"),
    to_newest: "回到最新",

    pending: "还在路上",
    old: "这条消息等了很久，可能已经发出去过。现在发送吗？",
    not_sent: |reason| format!("没有发出去。{reason}"),
    refusal: |code| match code {
        RefusalCode::FrameTooLarge | RefusalCode::TextTooLong => Some("这条消息超过了长度限制。"),
        RefusalCode::TextEmpty => Some("里面没有看得见的内容。"),
        RefusalCode::RoomUnfit => Some("聊天室不能用这个名称。"),
        RefusalCode::NotJoined => Some("您不在这个聊天室里。"),
        RefusalCode::TooManyRooms => Some("您进的聊天室已经够多了，请先离开一个。"),
        RefusalCode::Forbidden => Some("您在这个聊天室里不能这样做。"),
        RefusalCode::OverBudget => Some("短时间内太多了，请稍等一会儿再试。"),
        RefusalCode::ServerFull => Some("服务器已满，暂时不能再接收新内容。"),
        RefusalCode::NicknameTaken => Some("您的昵称现在有别人在用。"),
        RefusalCode::StoreUnavailable => Some("服务器暂时无法保存。"),
        RefusalCode::OutOfOrder => Some("前面还有一条消息要先发出去。"),
        RefusalCode::TooManyConnections => Some("连接已经太多了。"),
        RefusalCode::Malformed
        | RefusalCode::IdUnfit
        | RefusalCode::IdReused
        | RefusalCode::OtherUser
        | RefusalCode::Unknown => None,
    },
    retry: "重新发送",
    discard: "丢弃",

    typing: |names| match names {
        [one] => format!("{one}正在输入……"),
        [one, two] => format!("{one}和{two}正在输入……"),
        _ => "好几个人正在输入……".to_owned(),
    },
    thinking: |name| format!("{name}正在想……"),
    stop: "停止",
    composer: "您的消息",
    placeholder: "说点什么",
    mentions: "可以提到的人",
    send: "发送",
    characters_left: |n| format!("还可以输入 {n} 个字"),
    characters_over: |n| format!("超出 {n} 个字"),
    too_long: "这条消息太长了，请删短一些，或者分几次发送。",
    outbox_full: "等待发送的消息太多了，等发出去一些再发这条。",

    connecting: "正在连接……",
    lost_since: |clock| format!("连接在 {clock} 断开了。"),
    offline_since: |clock| format!("{clock} 起没有网络。"),
    reconnecting: "正在重新连接……",
    next_try: |seconds| format!("{seconds}\u{a0}秒后重试。"),
    try_now: "立即重试",
    kept: "现在发送的消息会在恢复连接后发出。",
    not_kept: "这个浏览器无法保存消息：请别关闭页面，等消息发出去。",
    store_away: "服务器暂时无法保存消息。",
    kept_without_store: "现在发送的消息会先留在这里，好了就自动发出。",
    ended: |code| match code {
        CloseCode::LoggedOut => "您已退出登录。",
        CloseCode::NicknameTaken => "您的昵称现在有别人在用，请换一个昵称登录。",
        CloseCode::LoginRequired => "登录已失效，请重新登录。",
        CloseCode::Normal
        | CloseCode::TooBig
        | CloseCode::Restart
        | CloseCode::SlowConsumer
        | CloseCode::Silent
        | CloseCode::Protocol
        | CloseCode::TooMany
        | CloseCode::Replaced
        | CloseCode::OtherUser => "服务器结束了连接。",
    },

    unfold: "展开全文",
    fold: "收起",
    left_out: |n| format!("内容太长，有 {n} 个字放不下，没有放进来。"),
    no_files: "这里还不能发送文件。",
    other_user: |name| format!("这个浏览器现在登录的是别的昵称。这里等待发送的消息仍归{name}。"),
};

pub(super) const FORM: FormStrings = FormStrings {
    posted_as_other: |name| {
        format!(
            "没有发送。这个页面是用另一个昵称打开的，您现在的昵称是 {name}。再发送一次，就会以 {name} 的名义发出。"
        )
    },
    posted_too_fast: |seconds| format!("没有发送。您发得太快了，请在 {} 秒后再试。", seconds.max(1)),
    posted_damaged: "没有发送。表单内容不完整，请再发送一次。",
};

pub(super) const PAGES: PageStrings = PageStrings {
    brand: "茶馆",
    invitation: "取个昵称，落座聊天。",
    log_in: "登录",
    nickname: "昵称",
    nickname_hint: "1 到 24 个字，什么文字都可以。",
    come_in: "进入茶馆",
    without_account: "不用注册，没有密码。您在座时，这个昵称就归您用。",
    no_script: "JavaScript 已停用。您仍然可以阅读和发言，新消息每 15 秒出现一次。",

    taken: "昵称已被使用，请更换昵称。",
    unfit: |error| match error {
        NicknameError::Empty => "请输入昵称。",
        NicknameError::TooLong => "太长了，昵称最多 24 个字。",
        NicknameError::Control => "昵称里不能有换行或控制字符。",
        NicknameError::Bidi => "昵称里有改变文字方向的隐藏字符，请去掉。",
        NicknameError::Invisible => "昵称里有看不见的字符，请去掉。",
        NicknameError::Unassigned => "昵称里有多数设备显示不出来的字符，请更换。",
        NicknameError::StrayMark => "昵称里有一个没有依附在同种文字字母上的音标。",
        NicknameError::TooManyMarks => "昵称里同一个字母上的音标太多了。",
        NicknameError::OnlyPunctuation => "昵称里至少要有一个文字、数字或符号。",
    },
    lost_name: "您离开了一阵，昵称已有别人在用，请更换昵称。",
    logged_out: "您已退出登录，欢迎再来。",
    login_needed: "您已不在登录状态：这个浏览器里的登录过期了或被删除了，请重新登录。",
    too_often: |seconds| format!("尝试得太频繁了，请在 {} 秒后再试。", seconds.max(1)),
    foreign_origin: "刚才的表单来自别的网站，没有执行。请用这里的表单。",
    store_unavailable: "暂时无法保存您的昵称，请稍后再试。",

    not_found: ("没有这个页面", "可能是地址写错了，也可能页面已经不在了。"),
    no_message: ("没有这条消息", "这个聊天室里还没有说到这一条，可能是地址写错了。"),
    message_gone: ("这条消息已不再保留", "这里只保留每个聊天室最近的消息，这一条更早。"),
    forbidden: ("不能这样做", "这个请求来自陌生的网站，没有执行。"),
    too_large: ("内容太大了", "发来的内容超过了上限，没有执行。"),
    too_many: ("请稍等", |seconds| format!("来得太频繁了，请在 {} 秒后再试。", seconds.max(1))),
    broken: ("出了点问题", "不是您的错。问题已经记下，再试一次也许就好了。"),
    unavailable: ("马上回来", "服务器暂时无法应答，请稍后再试。"),
    room_unfit: "聊天室不能用这个名称",
    room_rule: "聊天室名称由 1 到 32 个文字、数字、- 或 _ 组成，什么文字都可以。",
    back_to_lobby: "回大堂",
    back_to_login: "回登录页",

    log: "消息",
    program_late: "页面还在加载。您已经可以阅读和发言，新消息每 15 秒出现一次。",
    no_wasm: "这个浏览器停用了 WebAssembly，可能是安全设置所致。您仍然可以阅读和发言，新消息每 15 秒出现一次。",
    program_failed: "页面的一部分没能加载。您仍然可以阅读和发言，新消息每 15 秒出现一次。",
    program_crashed: "页面接连出错两次。您仍然可以阅读和发言，新消息每 15 秒出现一次。",
    reload: "重新加载",
    posted_without_login: "您已不在登录状态，消息没有发送。原文在此，可以复制：",

    no_cookies: "这个浏览器没有为本站保存 Cookie，因此无法保持登录。请在浏览器设置中允许本站使用 Cookie，然后重新登录。",
    other_user: "这个浏览器现在以下面的昵称登录。要以别人的身份登录，请换一个昵称；下面的昵称随即退出登录。",
};

fn day(date: Date) -> String {
    format!("{}年{}月{}日", date.year(), u8::from(date.month()), date.day())
}

fn weekday(date: Date) -> &'static str {
    match date.weekday() {
        Weekday::Monday => "星期一",
        Weekday::Tuesday => "星期二",
        Weekday::Wednesday => "星期三",
        Weekday::Thursday => "星期四",
        Weekday::Friday => "星期五",
        Weekday::Saturday => "星期六",
        Weekday::Sunday => "星期日",
    }
}

/// Joins names as Chinese does.
fn list(names: &[&str], more: usize) -> String {
    let names = names.join("、");
    if more == 0 { names } else { format!("{names}和另外 {more} 人") }
}

#[cfg(test)]
mod tests {
    use time::{Date, Month};

    use super::STRINGS;

    #[test]
    fn comings_and_goings_stand_between_tildes() {
        assert_eq!((STRINGS.entered)(&["小明"], 0), "~~~小明进入了聊天室~~~");
        assert_eq!((STRINGS.left)(&["小明", "小红"], 0), "~~~小明、小红离开了聊天室~~~");
        assert_eq!(
            (STRINGS.left)(&["小明", "小红", "Ann"], 9),
            "~~~小明、小红、Ann和另外 9 人离开了聊天室~~~"
        );
    }

    #[test]
    fn a_day_is_written_out() {
        let date = Date::from_calendar_date(2026, Month::November, 20).unwrap();
        assert_eq!((STRINGS.day)(date), "2026年11月20日 星期五");
    }
}
