//! OPATH tokens to a tree. Names and values are still text; `bind` gives them meaning.

use super::Refused;
use super::lex::Token;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tree {
    /// Chains are flat, so that a long filter is not a deep one.
    Or(Vec<Tree>),
    And(Vec<Tree>),
    Not(Box<Tree>),
    Test {
        property: String,
        operator: Operator,
        value: Literal,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
    Like,
    NotLike,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Literal {
    Null,
    Text(String),
}

/// Nesting deeper than this is refused rather than followed on the stack.
const DEEPEST: usize = 200;

pub(super) fn parse(tokens: &[Token], text: &str) -> Result<Tree, Refused> {
    let mut parser = Parser { tokens, at: 0, depth: 0, text };
    let tree = parser.or()?;
    if parser.at < tokens.len() {
        return Err(parser.syntax("there is more after the end of the expression"));
    }
    Ok(tree)
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    text: &'a str,
}

impl Parser<'_> {
    fn syntax(&self, what: &str) -> Refused {
        Refused(format!(
            "Cannot bind parameter 'Filter' to the target. Exception setting \"Filter\": \"Invalid filter syntax. For a description of \
             the filter parameter syntax see the command help. \"{}\" at token {}: {what}.\"",
            self.text,
            self.at + 1
        ))
    }

    fn operator(&mut self, name: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Operator(one)) if one == name);
        self.at += usize::from(found);
        found
    }

    fn or(&mut self) -> Result<Tree, Refused> {
        let mut parts = vec![self.and()?];
        while self.operator("or") {
            parts.push(self.and()?);
        }
        Ok(chain(parts, Tree::Or))
    }

    fn and(&mut self) -> Result<Tree, Refused> {
        let mut parts = vec![self.not()?];
        while self.operator("and") {
            parts.push(self.not()?);
        }
        Ok(chain(parts, Tree::And))
    }

    fn not(&mut self) -> Result<Tree, Refused> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.syntax("the expression is nested too deeply"));
        }
        let tree = if self.operator("not") {
            Tree::Not(Box::new(self.not()?))
        } else if self.tokens.get(self.at) == Some(&Token::Open) {
            self.at += 1;
            let inner = self.or()?;
            if self.tokens.get(self.at) != Some(&Token::Close) {
                return Err(self.syntax("a closing parenthesis is missing"));
            }
            self.at += 1;
            inner
        } else {
            self.test()?
        };
        self.depth -= 1;
        Ok(tree)
    }

    fn test(&mut self) -> Result<Tree, Refused> {
        let Some(Token::Word(property)) = self.tokens.get(self.at) else {
            return Err(self.syntax("a property name is expected"));
        };
        self.at += 1;
        let operator = match self.tokens.get(self.at) {
            Some(Token::Operator(name)) => comparison(name),
            _ => None,
        };
        let Some(operator) = operator else {
            return Err(self.syntax("a comparison operator is expected"));
        };
        self.at += 1;
        let value = match self.tokens.get(self.at) {
            Some(Token::Quoted(text) | Token::Word(text)) => literal(text),
            Some(Token::Variable(name)) if name == "null" => Literal::Null,
            Some(Token::Variable(name)) if name == "true" || name == "false" => Literal::Text(name.clone()),
            _ => return Err(self.syntax("a value is expected")),
        };
        self.at += 1;
        Ok(Tree::Test { property: property.clone(), operator, value })
    }
}

fn chain(mut parts: Vec<Tree>, whole: fn(Vec<Tree>) -> Tree) -> Tree {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            parts.extend(last);
            whole(parts)
        }
    }
}

/// Variables are also written inside quotes, where a shell would have expanded them.
fn literal(text: &str) -> Literal {
    match text.to_ascii_lowercase().as_str() {
        "$null" => Literal::Null,
        "$true" => Literal::Text("true".to_owned()),
        "$false" => Literal::Text("false".to_owned()),
        _ => Literal::Text(text.to_owned()),
    }
}

fn comparison(name: &str) -> Option<Operator> {
    Some(match name {
        "eq" => Operator::Eq,
        "ne" => Operator::Ne,
        "gt" => Operator::Gt,
        "ge" => Operator::Ge,
        "lt" => Operator::Lt,
        "le" => Operator::Le,
        "like" => Operator::Like,
        "notlike" => Operator::NotLike,
        _ => return None,
    })
}
