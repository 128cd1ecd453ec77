//! `#[data]`: the derives and serde settings that every type at the border needs, in one word.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Result};

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> Result<TokenStream> {
    if !attribute.is_empty() {
        return Err(Error::new_spanned(attribute, "`#[data]` takes no arguments; use `#[serde(..)]` beside it"));
    }
    let input: DeriveInput = syn::parse2(item)?;
    let serde = match &input.data {
        Data::Struct(_) => quote!(#[serde(crate = "::octi_sdk::serde", deny_unknown_fields)]),
        Data::Enum(_) => quote!(#[serde(crate = "::octi_sdk::serde", rename_all = "snake_case", deny_unknown_fields)]),
        Data::Union(_) => return Err(Error::new_spanned(&input.ident, "a union has no JSON form; use an enum")),
    };
    Ok(quote! {
        #[derive(::octi_sdk::serde::Serialize, ::octi_sdk::serde::Deserialize, ::octi_sdk::schemars::JsonSchema)]
        #serde
        #[schemars(crate = "::octi_sdk::schemars")]
        #input
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enums_are_written_in_snake_case_and_structs_are_closed() {
        let of_enum = expand(
            TokenStream::new(),
            quote!(
                enum Kind {
                    TextFile,
                }
            ),
        )
        .unwrap()
        .to_string();
        assert!(of_enum.contains("rename_all = \"snake_case\""), "{of_enum}");
        let of_struct = expand(
            TokenStream::new(),
            quote!(
                struct Place {
                    path: String,
                }
            ),
        )
        .unwrap()
        .to_string();
        assert!(of_struct.contains("deny_unknown_fields") && !of_struct.contains("rename_all"), "{of_struct}");
    }

    #[test]
    fn arguments_and_unions_are_refused_with_the_alternative() {
        let error = expand(
            quote!(open),
            quote!(
                struct Place;
            ),
        )
        .unwrap_err()
        .to_string();
        assert!(error.contains("#[serde(..)]"), "{error}");
        let error = expand(TokenStream::new(), quote!(union Both { a: u8, b: i8 })).unwrap_err().to_string();
        assert!(error.contains("use an enum"), "{error}");
    }
}
