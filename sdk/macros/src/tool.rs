//! `#[tool]`: from a documented function to a type of the same name that implements `octi_sdk::Tool`.
//!
//! Functions live in the namespace of values and braced structs in the namespace of types, so both may be called `read_file`: a
//! `use` of the name brings in both, and `plugin!(read_file)` finds the type.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, FnArg, ItemFn, Lit, Meta, Pat, PatType, Result, ReturnType, Type, Visibility};

/// A function's parameter of this name holds all arguments; other parameters are one argument each.
const WHOLE: &str = "args";

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> Result<TokenStream> {
    if !attribute.is_empty() {
        return Err(Error::new_spanned(attribute, "`#[tool]` takes no arguments; permissions and effects belong in plugin.toml"));
    }
    let mut function: ItemFn = syn::parse2(item)?;
    check_signature(&function)?;
    let name = function.sig.ident.to_string();
    check_name(&name, &function.sig.ident)?;
    let description = documentation(&function.attrs);
    if description.is_empty() {
        return Err(Error::new_spanned(
            &function.sig.ident,
            "a tool needs a doc comment: it is what the model reads to know what the tool does, when to use it and what it returns",
        ));
    }
    let arguments = Arguments::take(&mut function)?;
    let Arguments { definition, kind, call } = arguments;
    let ident = &function.sig.ident;
    // A private function is still listed by `plugin!` at the crate's root.
    let visibility = match &function.vis {
        Visibility::Inherited => quote!(pub(crate)),
        other => quote!(#other),
    };
    Ok(quote! {
        #function

        #definition

        #[doc(hidden)]
        #[allow(non_camel_case_types)]
        #visibility struct #ident {}

        impl ::octi_sdk::Tool for #ident {
            const NAME: &'static str = #name;
            const DESCRIPTION: &'static str = #description;

            fn describe() -> ::octi_sdk::Description {
                ::octi_sdk::__private::describe(Self::NAME, Self::DESCRIPTION, |arguments: #kind| #call)
            }

            fn call(arguments: &str) -> ::core::result::Result<::octi_sdk::Reply, ::octi_sdk::ToolError> {
                ::octi_sdk::__private::call(arguments, |arguments: #kind| #call)
            }
        }
    })
}

/// How the function's parameters are read out of JSON.
struct Arguments {
    /// The struct made for plain parameters; empty when the function brings its own.
    definition: TokenStream,
    kind: TokenStream,
    /// The call of the function with a value of `kind` named `arguments`.
    call: TokenStream,
}

impl Arguments {
    /// Reads the parameters and takes off the attributes that only the struct may carry.
    fn take(function: &mut ItemFn) -> Result<Self> {
        let ident = function.sig.ident.clone();
        let mut parameters = Vec::new();
        for input in &mut function.sig.inputs {
            let FnArg::Typed(parameter) = input else {
                return Err(Error::new(input.span(), "a tool is a free function, without `self`"));
            };
            parameters.push(Parameter::take(parameter)?);
        }
        if let [Parameter { name, kind, attributes }] = parameters.as_slice()
            && name == WHOLE
        {
            if let Some(attribute) = attributes.first() {
                return Err(Error::new_spanned(attribute, "document the fields of the arguments' type instead"));
            }
            return Ok(Self { definition: TokenStream::new(), kind: quote!(#kind), call: quote!(#ident(arguments)) });
        }
        if let Some(whole) = parameters.iter().find(|parameter| parameter.name == WHOLE) {
            return Err(Error::new_spanned(&whole.name, "`args` stands for all arguments and must be the only parameter"));
        }
        let structure = format_ident!("__Arguments_{ident}");
        let fields = parameters.iter().map(|Parameter { name, kind, attributes }| quote!(#(#attributes)* #name: #kind));
        let names = parameters.iter().map(|parameter| &parameter.name);
        let definition = quote! {
            #[doc(hidden)]
            #[allow(non_camel_case_types)]
            #[derive(::octi_sdk::serde::Deserialize, ::octi_sdk::schemars::JsonSchema)]
            #[serde(crate = "::octi_sdk::serde", deny_unknown_fields)]
            #[schemars(crate = "::octi_sdk::schemars")]
            struct #structure { #(#fields),* }
        };
        Ok(Self { definition, kind: quote!(#structure), call: quote!(#ident(#(arguments.#names),*)) })
    }
}

/// One parameter, with the doc comment and `#[serde]`/`#[schemars]` attributes that move to its field.
struct Parameter {
    name: Ident,
    kind: Type,
    attributes: Vec<Attribute>,
}

impl Parameter {
    fn take(parameter: &mut PatType) -> Result<Self> {
        let Pat::Ident(pattern) = parameter.pat.as_ref() else {
            return Err(Error::new_spanned(
                &parameter.pat,
                "a tool's parameter is a plain name, which becomes the argument's name",
            ));
        };
        if let Type::Reference(reference) = parameter.ty.as_ref() {
            return Err(Error::new_spanned(
                reference,
                "a tool owns its arguments: use `String` for `&str` and `Vec<T>` for `&[T]`",
            ));
        }
        let attributes = std::mem::take(&mut parameter.attrs);
        Ok(Self { name: pattern.ident.clone(), kind: parameter.ty.as_ref().clone(), attributes })
    }
}

fn check_signature(function: &ItemFn) -> Result<()> {
    let signature = &function.sig;
    if let Some(keyword) = &signature.asyncness {
        return Err(Error::new_spanned(keyword, "a tool is synchronous: the host runs each call in its own instance"));
    }
    if !signature.generics.params.is_empty() {
        return Err(Error::new_spanned(&signature.generics, "a tool has no generic parameters: its schema is one"));
    }
    if matches!(signature.output, ReturnType::Default) {
        return Err(Error::new_spanned(&signature.ident, "a tool returns `Result<T, ToolError>`"));
    }
    Ok(())
}

fn check_name(name: &str, ident: &Ident) -> Result<()> {
    let fits = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !name.contains("__")
        && name.len() <= 64;
    if fits {
        return Ok(());
    }
    Err(Error::new_spanned(
        ident,
        "a tool's name is at most 64 lower case letters, digits and single `_`, starting with a letter",
    ))
}

/// The doc comment with the lines of a paragraph joined.
fn documentation(attributes: &[Attribute]) -> String {
    let mut paragraphs = vec![String::new()];
    for line in attributes.iter().filter_map(doc_line) {
        let line = line.trim();
        match paragraphs.last_mut() {
            Some(last) if !line.is_empty() => {
                if !last.is_empty() {
                    last.push(' ');
                }
                last.push_str(line);
            }
            _ => paragraphs.push(String::new()),
        }
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs.join("\n")
}

fn doc_line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else { return None };
    let Expr::Lit(literal) = &pair.value else { return None };
    match &literal.lit {
        Lit::Str(text) if pair.path.is_ident("doc") => Some(text.value()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(item: TokenStream) -> String {
        match expand(TokenStream::new(), item) {
            Ok(tokens) => format!("accepted: {tokens}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_tool_without_a_doc_comment_is_refused() {
        assert!(
            error(quote!(
                fn add(a: u8) -> Result<u8, ToolError> {
                    Ok(a)
                }
            ))
            .contains("needs a doc comment")
        );
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "one table; tokens cannot stand in a constant")]
    fn what_cannot_be_a_tool_is_named() {
        for (item, part) in [
            (
                quote!(
                    #[doc = "x"]
                    async fn add() -> Result<u8, ToolError> {
                        Ok(1)
                    }
                ),
                "synchronous",
            ),
            (
                quote!(
                    #[doc = "x"]
                    fn add<T>(a: T) -> Result<u8, ToolError> {
                        Ok(1)
                    }
                ),
                "generic",
            ),
            (
                quote!(
                    #[doc = "x"]
                    fn add() {}
                ),
                "returns `Result",
            ),
            (
                quote!(
                    #[doc = "x"]
                    fn add(&self) -> Result<u8, ToolError> {
                        Ok(1)
                    }
                ),
                "without `self`",
            ),
            (
                quote!(
                    #[doc = "x"]
                    fn add((a, b): (u8, u8)) -> Result<u8, ToolError> {
                        Ok(a)
                    }
                ),
                "plain name",
            ),
            (
                quote!(
                    #[doc = "x"]
                    fn add(a: &str) -> Result<u8, ToolError> {
                        Ok(1)
                    }
                ),
                "use `String`",
            ),
            (
                quote!(
                    #[doc = "x"]
                    fn add(args: A, b: u8) -> Result<u8, ToolError> {
                        Ok(1)
                    }
                ),
                "only parameter",
            ),
            (
                quote!(
                    #[doc = "x"]
                    fn read__file() -> Result<u8, ToolError> {
                        Ok(1)
                    }
                ),
                "single `_`",
            ),
            (
                quote!(
                    #[doc = "x"]
                    fn readFile() -> Result<u8, ToolError> {
                        Ok(1)
                    }
                ),
                "lower case",
            ),
        ] {
            let message = error(item);
            assert!(message.contains(part), "`{part}` is not in: {message}");
        }
    }

    #[test]
    fn paragraphs_of_the_doc_comment_are_joined() {
        let function: ItemFn = syn::parse_quote! {
            /// Adds two
            /// numbers.
            ///
            /// Returns the sum.
            fn add() -> Result<u8, ToolError> { Ok(1) }
        };
        assert_eq!(documentation(&function.attrs), "Adds two numbers.\nReturns the sum.");
    }

    #[test]
    fn documentation_of_parameters_moves_to_the_fields() {
        let tokens = expand(
            TokenStream::new(),
            quote! {
                #[doc = "Adds."]
                fn add(#[doc = "The first."] a: u8) -> Result<u8, ToolError> { Ok(a) }
            },
        );
        let text = tokens.unwrap().to_string();
        assert!(text.contains("struct __Arguments_add { # [doc = \"The first.\"] a : u8 }"), "{text}");
        assert!(text.contains("fn add (a : u8)"), "{text}");
    }
}
