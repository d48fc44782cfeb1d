use super::{address, element, split};

#[test]
fn an_address_may_bear_a_port_brackets_quotes_and_a_zone() {
    for (hop, found) in [
        ("203.0.113.9", "203.0.113.9"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("\"203.0.113.9:4711\"", "203.0.113.9"),
        ("2001:db8::9", "2001:db8::9"),
        ("[2001:db8::9]", "2001:db8::9"),
        ("[2001:DB8::9]:4711", "2001:db8::9"),
        ("\"[2001:db8::9]:4711\"", "2001:db8::9"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%25eth0]:80", "fe80::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
    ] {
        assert_eq!(address(hop).map(|it| it.to_string()).as_deref(), Some(found), "{hop}");
    }
    for none in
        ["", "unknown", "_hidden", "_SEVKISEK:80", "tea.example", "[203.0.113.9", "[::1]x", "1.2.3", "\""]
    {
        assert_eq!(address(none), None, "{none}");
    }
}

#[test]
fn commas_and_semicolons_within_quotes_are_no_ends() {
    assert_eq!(split(r#"a="1,2",b"#, ','), [r#"a="1,2""#, "b"]);
    assert_eq!(split(r#""a\",b",c"#, ','), [r#""a\",b""#, "c"]);
    let read = element(r#" FOR="[::1]:80" ; ext="a;proto=ftp" ; proto = https;host="tea\.example""#);
    assert_eq!(
        (read.by.as_deref(), read.proto.as_deref(), read.host.as_deref()),
        (Some("[::1]:80"), Some("https"), Some("tea.example"))
    );
}
