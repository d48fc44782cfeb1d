//! JSON as the browser reads and prints it: a text becomes an [`Object`] from which members are taken by name, and a
//! [`Printer`] writes them. The lexer is `hifijson`'s; what a member must be is said by whoever takes it.
//!
//! Nothing is generic over what is read, and no number is ever a float: that keeps the browser's program small and a
//! seq exact. What only the server prints and reads goes through serde.

use std::{borrow::Cow, fmt::Write as _};

use hifijson::{SliceLexer, token::Lex as _, value};

/// How deep values may lie in each other; deeper ones are refused before they exhaust the stack.
const DEPTH: usize = 128;

/// Why a text is not what it was read as.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misread {
    /// It is not JSON.
    #[error("no JSON: {0}")]
    Syntax(hifijson::Error),
    /// The whole is something else than an object.
    #[error("no object")]
    NotAnObject,
    /// An object has not exactly one member, which would be its kind.
    #[error("an object without a kind, or with more than one")]
    Kind,
    /// A member is not there.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A member is there more than once.
    #[error("`{0}` is there twice")]
    Twice(&'static str),
    /// A member is something else than it must be.
    #[error("`{name}` is not {wanted}")]
    Unfit {
        /// The member.
        name: &'static str,
        /// What it must be.
        wanted: &'static str,
    },
}

const WHOLE: &str = "a whole number";

type Value<'a> = value::Value<&'a str, Cow<'a, str>>;

/// An object that was read. Members that nobody takes are ignored, and one that is null counts as missing.
#[derive(Debug)]
pub struct Object<'a>(Vec<(Cow<'a, str>, Value<'a>)>);

impl<'a> Object<'a> {
    /// Reads a text that is one object.
    pub fn parse(text: &'a str) -> Result<Object<'a>, Misread> {
        let value = SliceLexer::new(text.as_bytes())
            .exactly_one(SliceLexer::ws_peek, |next, lexer| value::parse_bounded(DEPTH, next, lexer))
            .map_err(Misread::Syntax)?;
        object(value).ok_or(Misread::NotAnObject)
    }

    /// The name and the contents of the only member, which is an object.
    pub fn tagged(self) -> Result<(Cow<'a, str>, Object<'a>), Misread> {
        let [(kind, contents)] = <[_; 1]>::try_from(self.0).map_err(|_| Misread::Kind)?;
        Ok((kind, object(contents).ok_or(Misread::Kind)?))
    }

    /// A string, if it is there.
    pub fn text_if_any(&mut self, name: &'static str) -> Result<Option<Cow<'a, str>>, Misread> {
        match self.take(name)? {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Misread::Unfit { name, wanted: "a string" }),
        }
    }

    /// A string.
    pub fn text(&mut self, name: &'static str) -> Result<Cow<'a, str>, Misread> {
        self.text_if_any(name)?.ok_or(Misread::Missing(name))
    }

    /// A string that is what `parse` takes, if it is there.
    pub fn parsed_if_any<T, E>(
        &mut self,
        name: &'static str,
        wanted: &'static str,
        parse: fn(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Misread> {
        let Some(text) = self.text_if_any(name)? else { return Ok(None) };
        parse(&text).map(Some).map_err(|_| Misread::Unfit { name, wanted })
    }

    /// A string that is what `parse` takes.
    pub fn parsed<T, E>(
        &mut self,
        name: &'static str,
        wanted: &'static str,
        parse: fn(&str) -> Result<T, E>,
    ) -> Result<T, Misread> {
        self.parsed_if_any(name, wanted, parse)?.ok_or(Misread::Missing(name))
    }

    /// A whole number from 0, if it is there.
    pub fn number_if_any(&mut self, name: &'static str) -> Result<Option<u64>, Misread> {
        let Some(value) = self.take(name)? else { return Ok(None) };
        let number = digits(&value).and_then(|digits| digits.parse().ok());
        number.map(Some).ok_or(Misread::Unfit { name, wanted: WHOLE })
    }

    /// A whole number from 0.
    pub fn number(&mut self, name: &'static str) -> Result<u64, Misread> {
        self.number_if_any(name)?.ok_or(Misread::Missing(name))
    }

    /// A list of pairs, each a whole number from 0 and one of either sign.
    pub fn pairs(&mut self, name: &'static str) -> Result<Vec<(u64, i32)>, Misread> {
        let value = self.take(name)?.ok_or(Misread::Missing(name))?;
        pairs(value).ok_or(Misread::Unfit { name, wanted: "a list of pairs of whole numbers" })
    }

    /// Yes or no.
    pub fn flag(&mut self, name: &'static str) -> Result<bool, Misread> {
        match self.take(name)? {
            None => Err(Misread::Missing(name)),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(Misread::Unfit { name, wanted: "true or false" }),
        }
    }

    /// An object inside this one.
    pub fn object(&mut self, name: &'static str) -> Result<Object<'a>, Misread> {
        let value = self.take(name)?.ok_or(Misread::Missing(name))?;
        object(value).ok_or(Misread::Unfit { name, wanted: "an object" })
    }

    /// A list of objects, each as `read` takes it; without the member an empty one.
    pub fn list_if_any<T>(
        &mut self,
        name: &'static str,
        read: fn(Object<'a>) -> Result<T, Misread>,
    ) -> Result<Vec<T>, Misread> {
        match self.list(name, read) {
            Err(Misread::Missing(missing)) if missing == name => Ok(Vec::new()),
            listed => listed,
        }
    }

    /// A list of objects, each as `read` takes it.
    pub fn list<T>(
        &mut self,
        name: &'static str,
        read: fn(Object<'a>) -> Result<T, Misread>,
    ) -> Result<Vec<T>, Misread> {
        self.objects(name)?.into_iter().map(read).collect()
    }

    fn objects(&mut self, name: &'static str) -> Result<Vec<Object<'a>>, Misread> {
        let unfit = Misread::Unfit { name, wanted: "a list of objects" };
        match self.take(name)? {
            None => Err(Misread::Missing(name)),
            Some(Value::Array(values)) => values.into_iter().map(object).collect::<Option<_>>().ok_or(unfit),
            Some(_) => Err(unfit),
        }
    }

    fn take(&mut self, name: &'static str) -> Result<Option<Value<'a>>, Misread> {
        let Some(index) = self.0.iter().position(|(held, _)| held == name) else { return Ok(None) };
        let (_, value) = self.0.swap_remove(index);
        if self.0.iter().any(|(held, _)| held == name) {
            return Err(Misread::Twice(name));
        }
        Ok(if matches!(value, Value::Null) { None } else { Some(value) })
    }
}

fn object(value: Value<'_>) -> Option<Object<'_>> {
    if let Value::Object(members) = value { Some(Object(members)) } else { None }
}

fn pairs(value: Value<'_>) -> Option<Vec<(u64, i32)>> {
    let Value::Array(pairs) = value else { return None };
    let pair = |pair: Value<'_>| match pair {
        Value::Array(pair) => match &pair[..] {
            [first, second] => Some((digits(first)?.parse().ok()?, digits(second)?.parse().ok()?)),
            _ => None,
        },
        _ => None,
    };
    pairs.into_iter().map(pair).collect()
}

/// A number as it was written. One with a point or an exponent does not parse as a whole one.
fn digits<'a>(value: &Value<'a>) -> Option<&'a str> {
    if let Value::Number((digits, _)) = value { Some(digits) } else { None }
}

/// Prints an object member by member, without white space, as serde would.
#[derive(Debug)]
pub struct Printer(String);

impl Printer {
    /// The text of an object with the members that `members` prints.
    pub fn print(members: impl FnOnce(&mut Printer)) -> String {
        let mut printer = Printer(String::from("{"));
        members(&mut printer);
        printer.0.push('}');
        printer.0
    }

    /// A string.
    pub fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        self.quote(value);
    }

    /// A string, if there is one.
    pub fn text_if_any(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// A whole number.
    pub fn number(&mut self, name: &str, value: u64) {
        self.name(name);
        self.0.push_str(&value.to_string());
    }

    /// A whole number, if there is one.
    pub fn number_if_any(&mut self, name: &str, value: Option<u64>) {
        if let Some(value) = value {
            self.number(name, value);
        }
    }

    /// An object with the members that `members` prints.
    pub fn object(&mut self, name: &str, members: impl FnOnce(&mut Printer)) {
        self.name(name);
        self.0.push('{');
        members(self);
        self.0.push('}');
    }

    /// A list of objects, each with the members that `members` prints.
    pub fn list<T>(&mut self, name: &str, items: &[T], members: fn(&T, &mut Printer)) {
        self.name(name);
        self.0.push('[');
        for item in items {
            self.separate();
            self.0.push('{');
            members(item, self);
            self.0.push('}');
        }
        self.0.push(']');
    }

    fn name(&mut self, name: &str) {
        self.separate();
        self.quote(name);
        self.0.push(':');
    }

    /// A comma, but before the first of its kind.
    fn separate(&mut self) {
        if !self.0.ends_with(['{', '[']) {
            self.0.push(',');
        }
    }

    /// RFC 8259, section 7: what must be escaped, and nothing else.
    fn quote(&mut self, text: &str) {
        self.0.push('"');
        for c in text.chars() {
            let short = match c {
                '"' | '\\' => c,
                '\u{8}' => 'b',
                '\t' => 't',
                '\n' => 'n',
                '\u{C}' => 'f',
                '\r' => 'r',
                '\0'..='\u{1F}' => {
                    write!(self.0, "\\u{:04x}", u32::from(c)).expect("a string takes what is written to it");
                    continue;
                }
                _ => {
                    self.0.push(c);
                    continue;
                }
            };
            self.0.push('\\');
            self.0.push(short);
        }
        self.0.push('"');
    }
}
