//! The attributes of `octi-sdk`. Use them through that crate, which documents them.

mod data;
mod tool;

use proc_macro::TokenStream;

/// Makes a function an operation that models can call.
#[proc_macro_attribute]
pub fn tool(attribute: TokenStream, item: TokenStream) -> TokenStream {
    tool::expand(attribute.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a type one that crosses the border as JSON, with a schema.
#[proc_macro_attribute]
pub fn data(attribute: TokenStream, item: TokenStream) -> TokenStream {
    data::expand(attribute.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
