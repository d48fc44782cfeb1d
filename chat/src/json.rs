//! JSON for the browser, both reading and printing: a text is parsed into an [`Object`], whose members are
//! taken by name, and a [`Printer`] writes one. The lexer is `hifijson`'s; the caller decides which type a
//! member must have.
//!
//! Nothing is generic over the types that are read, and no number is ever a float, which keeps the browser's
//! program small and seqs exact. What only the server prints and reads goes through serde.

use std::{borrow::Cow, fmt::Write as _};

use hifijson::{SliceLexer, token::Lex as _, value};

/// The maximum nesting depth; a deeper value is rejected before it exhausts the stack.
const DEPTH: usize = 128;

/// The reason why a text could not be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misread {
    /// It is not JSON.
    #[error("no JSON: {0}")]
    Syntax(hifijson::Error),
    /// The value is not an object.
    #[error("no object")]
    NotAnObject,
    /// An object does not have exactly one member, which would be its kind.
    #[error("an object without a kind, or with more than one")]
    Kind,
    /// A member is missing.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A member occurs more than once.
    #[error("`{0}` is there twice")]
    Twice(&'static str),
    /// A member has the wrong type or value.
    #[error("`{name}` is not {wanted}")]
    Unfit {
        /// The member.
        name: &'static str,
        /// The type or value it must have.
        wanted: &'static str,
    },
}

const WHOLE: &str = "a whole number";

type Value<'a> = value::Value<&'a str, Cow<'a, str>>;

/// A parsed object. Members that are not taken are ignored, and a null member counts as missing.
#[derive(Debug)]
pub struct Object<'a>(Vec<(Cow<'a, str>, Value<'a>)>);

impl<'a> Object<'a> {
    /// Parses a text that consists of one object.
    pub fn parse(text: &'a str) -> Result<Object<'a>, Misread> {
        let value = SliceLexer::new(text.as_bytes())
            .exactly_one(SliceLexer::ws_peek, |next, lexer| value::parse_bounded(DEPTH, next, lexer))
            .map_err(Misread::Syntax)?;
        object(value).ok_or(Misread::NotAnObject)
    }

    /// Returns the name and the contents of the only member, which must be an object.
    pub fn tagged(self) -> Result<(Cow<'a, str>, Object<'a>), Misread> {
        let [(kind, contents)] = <[_; 1]>::try_from(self.0).map_err(|_| Misread::Kind)?;
        Ok((kind, object(contents).ok_or(Misread::Kind)?))
    }

    /// Takes a string, if it is present.
    pub fn text_if_any(&mut self, name: &'static str) -> Result<Option<Cow<'a, str>>, Misread> {
        match self.take(name)? {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Misread::Unfit { name, wanted: "a string" }),
        }
    }

    /// Takes a string.
    pub fn text(&mut self, name: &'static str) -> Result<Cow<'a, str>, Misread> {
        self.text_if_any(name)?.ok_or(Misread::Missing(name))
    }

    /// Takes a string that `parse` accepts, if it is present.
    pub fn parsed_if_any<T, E>(
        &mut self,
        name: &'static str,
        wanted: &'static str,
        parse: fn(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Misread> {
        let Some(text) = self.text_if_any(name)? else { return Ok(None) };
        parse(&text).map(Some).map_err(|_| Misread::Unfit { name, wanted })
    }

    /// Takes a string that `parse` accepts.
    pub fn parsed<T, E>(
        &mut self,
        name: &'static str,
        wanted: &'static str,
        parse: fn(&str) -> Result<T, E>,
    ) -> Result<T, Misread> {
        self.parsed_if_any(name, wanted, parse)?.ok_or(Misread::Missing(name))
    }

    /// Takes a non-negative integer, if it is present.
    pub fn number_if_any(&mut self, name: &'static str) -> Result<Option<u64>, Misread> {
        let Some(value) = self.take(name)? else { return Ok(None) };
        let number = digits(&value).and_then(|digits| digits.parse().ok());
        number.map(Some).ok_or(Misread::Unfit { name, wanted: WHOLE })
    }

    /// Takes a non-negative integer.
    pub fn number(&mut self, name: &'static str) -> Result<u64, Misread> {
        self.number_if_any(name)?.ok_or(Misread::Missing(name))
    }

    /// Takes a list of pairs, each of a non-negative and a signed integer.
    pub fn pairs(&mut self, name: &'static str) -> Result<Vec<(u64, i32)>, Misread> {
        let value = self.take(name)?.ok_or(Misread::Missing(name))?;
        pairs(value).ok_or(Misread::Unfit { name, wanted: "a list of pairs of whole numbers" })
    }

    /// Takes a boolean.
    pub fn flag(&mut self, name: &'static str) -> Result<bool, Misread> {
        match self.take(name)? {
            None => Err(Misread::Missing(name)),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(Misread::Unfit { name, wanted: "true or false" }),
        }
    }

    /// Takes a nested object.
    pub fn object(&mut self, name: &'static str) -> Result<Object<'a>, Misread> {
        let value = self.take(name)?.ok_or(Misread::Missing(name))?;
        object(value).ok_or(Misread::Unfit { name, wanted: "an object" })
    }

    /// Takes a list of objects, each converted by `read`; a missing one is empty.
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

    /// Takes a list of objects, each converted by `read`.
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

/// Returns a number as it was written. One with a point or an exponent does not parse as an integer.
fn digits<'a>(value: &Value<'a>) -> Option<&'a str> {
    if let Value::Number((digits, _)) = value { Some(digits) } else { None }
}

/// Prints an object member by member, without white space, as serde would.
#[derive(Debug)]
pub struct Printer(String);

impl Printer {
    /// Returns the text of an object with the members that `members` prints.
    pub fn print(members: impl FnOnce(&mut Printer)) -> String {
        let mut printer = Printer(String::from("{"));
        members(&mut printer);
        printer.0.push('}');
        printer.0
    }

    /// Prints a string.
    pub fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        self.quote(value);
    }

    /// Prints a string, if there is one.
    pub fn text_if_any(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// Prints a non-negative integer.
    pub fn number(&mut self, name: &str, value: u64) {
        self.name(name);
        self.0.push_str(&value.to_string());
    }

    /// Prints a non-negative integer, if there is one.
    pub fn number_if_any(&mut self, name: &str, value: Option<u64>) {
        if let Some(value) = value {
            self.number(name, value);
        }
    }

    /// Prints an object with the members that `members` prints.
    pub fn object(&mut self, name: &str, members: impl FnOnce(&mut Printer)) {
        self.name(name);
        self.0.push('{');
        members(self);
        self.0.push('}');
    }

    /// Prints a list of objects, each with the members that `members` prints.
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

    /// Prints a comma, except before the first member or item.
    fn separate(&mut self) {
        if !self.0.ends_with(['{', '[']) {
            self.0.push(',');
        }
    }

    /// Prints a quoted string, escaping only what RFC 8259, section 7, requires.
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
