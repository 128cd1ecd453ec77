//! What a person agreed to, and the tokens that come of it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use octi_domain::ids::ProgramId;
use octi_domain::limits;
use octi_domain::principal::Principal;
use octi_store::{OauthSecret, Program, SecretKind, StoreError, Tx};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{ACCESS_PREFIX, Answer, CODE_PREFIX, Described, OauthError, Place, REFRESH_PREFIX, Refused, Request, Scope, Word};
use crate::audit::{self, Deed};
use crate::auth::{Auth, AuthError, JOB, TOUCH_EVERY, principal_of, random_word, token_hash};

/// Tokens that a program was given, for this one answer.
#[derive(Debug)]
pub struct Issued {
    pub access: SecretString,
    pub refresh: SecretString,
    pub expires_in: i64,
    pub scope: Scope,
}

/// What a program says of a code or refresh token beside showing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Redeem<'a> {
    pub client_id: &'a str,
    pub redirect_uri: Option<&'a str>,
    pub verifier: Option<&'a str>,
    pub scope: Option<&'a str>,
    pub resource: Option<&'a str>,
}

/// A program that showed a good token.
#[derive(Debug, Clone)]
pub struct Admitted {
    pub principal: Principal,
    pub program: ProgramId,
    pub scope: Scope,
}

fn grant(text: &str) -> Refused {
    Refused::new(Word::InvalidGrant, text)
}

impl Auth {
    /// What a person says to a program; the answer is the address at which the program hears of it.
    ///
    /// # Errors
    /// [`OauthError::Refused`] when they would give more than was asked for.
    pub async fn answer_program(&self, principal: &Principal, request: &Request, answer: Answer) -> Result<String, OauthError> {
        let user_id = principal.user_id().ok_or(AuthError::WrongToken)?;
        let scope = match answer {
            Answer::Allow(scope) if request.scope.covers(scope) => scope,
            Answer::Allow(_) => {
                return Err(Refused::new(Word::InvalidScope, "the program did not ask for that much").into());
            }
            Answer::Refuse => {
                self.audit.note(Some(user_id), &Deed::ProgramRefused { client: &request.client.name });
                return Ok(request.with_refusal());
            }
        };
        let now = self.ambient.now();
        let program = Program {
            id: self.ambient.id(),
            user_id,
            client_id: request.client.id.clone(),
            client_name: request.client.name.clone(),
            redirect_uri: request.redirect_uri.clone(),
            scope: scope.as_str().to_owned(),
            resource: request.resource.clone(),
            created_at: now,
            begun_at: None,
            last_used_at: None,
            expires_at: now + TimeDelta::seconds(limits::OAUTH_CODE_SECONDS),
        };
        let code = format!("{CODE_PREFIX}{}", random_word(&self.ambient));
        let secret = OauthSecret {
            challenge: Some(request.challenge.clone()),
            ..secret(&program, SecretKind::Code, scope, now, program.expires_at)
        };
        let mut tx = self.store.write(principal).await?;
        make_room(&mut tx, &program, now).await?;
        tx.insert_program(&program).await?;
        tx.insert_oauth_secret(&secret, &token_hash(&code)).await?;
        let allowed = Deed::ProgramAllowed { program: program.id, client: &program.client_name, scope: scope.as_str() };
        audit::append(&mut tx, &self.ambient, Some(user_id), &allowed).await?;
        tx.save().await?;
        Ok(request.with_code(&code))
    }

    /// A program's first tokens, for its code.
    ///
    /// # Errors
    /// [`OauthError::Refused`].
    pub async fn redeem_code(&self, code: &str, shown: Redeem<'_>, place: &Place) -> Result<Issued, OauthError> {
        let (now, hash) = (self.ambient.now(), token_hash(code));
        let mut tx = self.store.write(&JOB).await?;
        let Some((secret, program)) = found(&mut tx, &hash, SecretKind::Code).await? else {
            return Err(grant("this code is unknown, or what came of it has ended: ask the person again").into());
        };
        if !tx.use_oauth_secret(&hash, now).await? {
            return Err(self.cut(tx, &program).await?.into());
        }
        let scope = match redeemable(&secret, &program, shown, place, now) {
            Ok(scope) if is_active(&mut tx, &program).await? => scope,
            refused => {
                // Whoever has the code and not what belongs to it has taken it from somebody. Nothing came of it yet.
                tx.delete_program(program.id).await?;
                tx.save().await?;
                return Err(refused.err().unwrap_or_else(|| grant("the person may no longer sign in")).into());
            }
        };
        let issued = self.issue(&mut tx, &program, scope, scope).await?;
        tx.save().await?;
        Ok(issued)
    }

    /// A program's next tokens. The one it showed does not work again.
    ///
    /// # Errors
    /// [`OauthError::Refused`].
    pub async fn renew_tokens(&self, refresh: &str, shown: Redeem<'_>, place: &Place) -> Result<Issued, OauthError> {
        let (now, hash) = (self.ambient.now(), token_hash(refresh));
        let mut tx = self.store.write(&JOB).await?;
        let known = found(&mut tx, &hash, SecretKind::Refresh).await?.filter(|(_, program)| program.client_id == shown.client_id);
        let Some((secret, program)) = known else {
            return Err(grant("this refresh token is unknown, revoked, or another program's: ask the person again").into());
        };
        if secret.used_at.is_some() {
            return Err(self.cut(tx, &program).await?.into());
        }
        if secret.expires_at <= now || !is_active(&mut tx, &program).await? {
            return Err(grant("this refresh token has expired: ask the person again").into());
        }
        let given = Scope::parse(&secret.scope).unwrap_or(Scope::Read);
        let wanted = shown.scope.map_or(Ok(given), |words| Scope::asked(Some(words)))?;
        if !given.covers(wanted) {
            return Err(Refused::new(Word::InvalidScope, "the person did not agree to that much: ask them again").into());
        }
        check_target(shown.resource, &program, place)?;
        if !tx.use_oauth_secret(&hash, now).await? {
            return Err(self.cut(tx, &program).await?.into());
        }
        let issued = self.issue(&mut tx, &program, wanted, given).await?;
        tx.save().await?;
        Ok(issued)
    }

    /// Takes back a token that its program has no use for, and everything that came of the same agreement (RFC 7009). What is no
    /// token of that program is no error.
    ///
    /// # Errors
    /// [`OauthError::Auth`].
    pub async fn give_back(&self, token: &str, client_id: &str) -> Result<(), OauthError> {
        let mut tx = self.store.write(&JOB).await?;
        let Some(secret) = tx.oauth_secret(&token_hash(token)).await?.filter(|secret| secret.kind != SecretKind::Code) else {
            return Ok(());
        };
        let program = tx.program(secret.program_id).await?.filter(|program| program.client_id == client_id);
        if let Some(program) = program {
            tx.delete_program(program.id).await?;
            let revoked = Deed::ProgramRevoked { program: program.id };
            audit::append(&mut tx, &self.ambient, Some(program.user_id), &revoked).await?;
            tx.save().await?;
        }
        Ok(())
    }

    /// Which program shows this access token here.
    ///
    /// # Errors
    /// [`AuthError::WrongAccess`] whatever was wrong.
    pub async fn by_access_token(&self, token: &str, place: &Place) -> Result<Admitted, AuthError> {
        let now = self.ambient.now();
        let mut tx = self.store.read(&JOB).await?;
        let found = found(&mut tx, &token_hash(token), SecretKind::Access).await?;
        drop(tx);
        let good = found.filter(|(secret, program)| now < secret.expires_at && place.is_meant(&program.resource));
        let (secret, program) = good.ok_or(AuthError::WrongAccess)?;
        let principal = self.by_program(program.id).await?;
        if program.last_used_at.is_none_or(|last| now - last > TOUCH_EVERY) {
            let mut tx = self.store.write(&JOB).await?;
            tx.touch_program(program.id, now).await?;
            tx.save().await?;
        }
        Ok(Admitted { principal, program: program.id, scope: Scope::parse(&secret.scope).unwrap_or(Scope::Read) })
    }

    /// Whose program this is, as long as it is let in: an answer goes on when the token that asked for it has expired.
    ///
    /// # Errors
    /// [`AuthError::WrongAccess`] when it is not any more.
    pub async fn by_program(&self, id: ProgramId) -> Result<Principal, AuthError> {
        let mut tx = self.store.read(&JOB).await?;
        let program = tx.program(id).await?.filter(|program| self.ambient.now() < program.expires_at);
        let program = program.ok_or(AuthError::WrongAccess)?;
        let user = tx.user(program.user_id).await?.filter(|user| user.is_active).ok_or(AuthError::WrongAccess)?;
        Ok(principal_of(&user))
    }

    /// The principal's programs that are let in, newest first.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub async fn programs(&self, principal: &Principal) -> Result<Vec<Program>, AuthError> {
        let now = self.ambient.now();
        let all = self.store.read(principal).await?.list_programs().await?;
        Ok(all.into_iter().filter(|program| program.begun_at.is_some() && now < program.expires_at).collect())
    }

    /// Ends the access of one of the person's programs; false when there is no such one.
    ///
    /// # Errors
    /// [`AuthError::Store`].
    pub async fn revoke_program(&self, principal: &Principal, id: ProgramId) -> Result<bool, AuthError> {
        let mut tx = self.store.write(principal).await?;
        let was_there = tx.delete_program(id).await?;
        if was_there {
            audit::append(&mut tx, &self.ambient, principal.user_id(), &Deed::ProgramRevoked { program: id }).await?;
        }
        tx.save().await?;
        Ok(was_there)
    }

    /// Somebody showed what was used before: either they or who was first has stolen it, so nobody keeps what came of it.
    async fn cut(&self, mut tx: Tx<'_>, program: &Program) -> Result<Refused, OauthError> {
        tx.delete_program(program.id).await?;
        let cut = Deed::ProgramCut { program: program.id, client: &program.client_name };
        audit::append(&mut tx, &self.ambient, Some(program.user_id), &cut).await?;
        tx.save().await?;
        tracing::warn!(program = %program.id, user_id = %program.user_id, "a program's code or refresh token was shown twice; its access ended");
        Ok(grant("this was used before, so the program's access has ended: ask the person again"))
    }

    async fn issue(&self, tx: &mut Tx<'_>, program: &Program, scope: Scope, given: Scope) -> Result<Issued, OauthError> {
        let now = self.ambient.now();
        let expires_at = now + TimeDelta::days(limits::OAUTH_REFRESH_DAYS);
        let ends_at = now + TimeDelta::seconds(limits::OAUTH_ACCESS_SECONDS);
        let mint = |prefix| SecretString::from(format!("{prefix}{}", random_word(&self.ambient)));
        let (access, refresh) = (mint(ACCESS_PREFIX), mint(REFRESH_PREFIX));
        tx.clear_oauth_secrets(program.id).await?;
        for (kind, value, scope, end) in
            [(SecretKind::Access, &access, scope, ends_at), (SecretKind::Refresh, &refresh, given, expires_at)]
        {
            tx.insert_oauth_secret(&secret(program, kind, scope, now, end), &token_hash(value.expose_secret())).await?;
        }
        tx.renew_program(program.id, now, expires_at).await?;
        tx.touch_oauth_client(&program.client_id, now).await?;
        Ok(Issued { access, refresh, expires_in: limits::OAUTH_ACCESS_SECONDS, scope })
    }
}

fn secret(program: &Program, kind: SecretKind, scope: Scope, now: DateTime<Utc>, expires_at: DateTime<Utc>) -> OauthSecret {
    OauthSecret {
        program_id: program.id,
        user_id: program.user_id,
        kind,
        scope: scope.as_str().to_owned(),
        challenge: None,
        created_at: now,
        expires_at,
        used_at: None,
    }
}

async fn found(tx: &mut Tx<'_>, hash: &[u8; 32], kind: SecretKind) -> Result<Option<(OauthSecret, Program)>, StoreError> {
    let Some(secret) = tx.oauth_secret(hash).await?.filter(|secret| secret.kind == kind) else { return Ok(None) };
    Ok(tx.program(secret.program_id).await?.map(|program| (secret, program)))
}

async fn is_active(tx: &mut Tx<'_>, program: &Program) -> Result<bool, StoreError> {
    Ok(tx.user(program.user_id).await?.is_some_and(|user| user.is_active))
}

/// What a code that nobody used gives to whoever shows it.
fn redeemable(
    secret: &OauthSecret,
    program: &Program,
    shown: Redeem<'_>,
    place: &Place,
    now: DateTime<Utc>,
) -> Result<Scope, Refused> {
    if secret.expires_at <= now {
        let seconds = limits::OAUTH_CODE_SECONDS;
        return Err(grant(&format!("a code works for {seconds} seconds, and they are over: ask the person again")));
    }
    if program.client_id != shown.client_id {
        return Err(grant("this code is another program's"));
    }
    if shown.redirect_uri.is_some_and(|uri| uri != program.redirect_uri) {
        return Err(grant("`redirect_uri` is not the one that the code was sent to"));
    }
    let challenge = shown
        .verifier
        .filter(|verifier| is_verifier(verifier))
        .map(|verifier| URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())));
    let expected = secret.challenge.as_deref().unwrap_or_default();
    if !challenge.is_some_and(|challenge| bool::from(challenge.as_bytes().ct_eq(expected.as_bytes()))) {
        return Err(grant("`code_verifier` is not the one whose SHA-256 the program sent (PKCE)"));
    }
    check_target(shown.resource, program, place)?;
    Ok(Scope::parse(&secret.scope).unwrap_or(Scope::Read))
}

/// Tokens are for the server that the person agreed to, and for this one.
fn check_target(resource: Option<&str>, program: &Program, place: &Place) -> Result<(), Refused> {
    if place.is_meant(&program.resource) && resource.is_none_or(|resource| place.is_meant(resource)) {
        return Ok(());
    }
    Err(Refused::new(
        Word::InvalidTarget,
        format!("`resource` is not what the person agreed to, which is `{}`", program.resource),
    ))
}

fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'))
}

/// Ends what has expired, what the same registration had before, and then what was used longest ago, until one more fits.
async fn make_room(tx: &mut Tx<'_>, program: &Program, now: DateTime<Utc>) -> Result<(), StoreError> {
    // Many machines share the address at which a program describes itself, but not a registration.
    let is_registered = !Described::is_at_address(&program.client_id);
    let is_over = |other: &Program| other.expires_at <= now || (is_registered && other.client_id == program.client_id);
    let (over, mut left): (Vec<_>, Vec<_>) = tx.list_programs().await?.into_iter().partition(is_over);
    left.sort_by_key(|other| std::cmp::Reverse(other.last_used_at.unwrap_or(other.created_at)));
    for gone in over.iter().chain(left.iter().skip(limits::OAUTH_PROGRAMS_PER_USER_MAX - 1)) {
        tx.delete_program(gone.id).await?;
    }
    Ok(())
}
