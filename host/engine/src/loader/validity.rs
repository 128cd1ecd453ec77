//! Is it valid WebAssembly? Within bounds of time and memory, which the file's size does not give.
//!
//! An instruction of two bytes may take a thousand values and leave a thousand, and each target of a branch may look at as many: a
//! file of the size that plugins may have can be checked for minutes, or fill gigabytes with the values that it leaves.

use std::time::{Duration, Instant};

use octi_domain::limits;
use wasmparser::types::Types;
use wasmparser::{
    BinaryReaderError, FuncValidator, FuncValidatorAllocations, FunctionBody, Operator, Parser, ValidPayload, Validator,
    ValidatorResources, WasmFeatures,
};

use super::invalid;
use crate::install::InstallError;

/// Instructions between two looks at the clock; even the slowest take a millisecond together.
const INSTRUCTIONS_PER_LOOK: u32 = 256;
/// How an instruction begins that has a list of targets.
const BR_TABLE: u8 = 0x0e;

/// Checks the whole file as [`Validator::validate_all`] does, and gives up on one that takes too much. What it gives are the types of
/// the whole.
pub(super) fn validate(bytes: &[u8], features: WasmFeatures, time_max: Duration) -> Result<Types, InstallError> {
    let clock = Clock { began: Instant::now(), time_max };
    let mut validator = Validator::new_with_features(features);
    let mut parser = Parser::new(0);
    parser.set_features(features);
    let (mut functions, mut types) = (Vec::new(), None);
    for payload in parser.parse_all(bytes) {
        match validator.payload(&payload.map_err(wrong)?).map_err(wrong)? {
            ValidPayload::Func(function, body) => functions.push((function, body)),
            // The last one ends the file itself.
            ValidPayload::End(of) => types = Some(of),
            _ => {}
        }
        clock.look()?;
    }
    let mut allocations = FuncValidatorAllocations::default();
    for (function, body) in functions {
        let mut validator = function.into_validator(allocations);
        check_function(&mut validator, &body, bytes, &clock)?;
        allocations = validator.into_allocations();
    }
    types.ok_or_else(|| InstallError::Invalid("it has no end".to_owned()))
}

fn check_function(
    validator: &mut FuncValidator<ValidatorResources>,
    body: &FunctionBody<'_>,
    bytes: &[u8],
    clock: &Clock,
) -> Result<(), InstallError> {
    let mut reader = body.get_binary_reader();
    validator.read_locals(&mut reader).map_err(wrong)?;
    reader.set_features(*validator.features());
    let mut unseen = 0;
    while !reader.eof() {
        let at = reader.original_position();
        if bytes.get(at) == Some(&BR_TABLE) {
            check_targets(&reader.peek_operator(&validator.visitor(at)).map_err(wrong)?, at)?;
            unseen = INSTRUCTIONS_PER_LOOK;
        }
        reader.visit_operator(&mut validator.visitor(at)).map_err(wrong)?.map_err(wrong)?;
        if validator.operand_stack_height().max(validator.control_stack_height()) > limits::PLUGIN_STACK_HEIGHT_MAX {
            return Err(costly(format!(
                "the function at byte {} stacks up more than {} values or blocks; split it up",
                body.range().start,
                limits::PLUGIN_STACK_HEIGHT_MAX
            )));
        }
        unseen += 1;
        if unseen >= INSTRUCTIONS_PER_LOOK {
            clock.look()?;
            unseen = 0;
        }
    }
    clock.look()?;
    reader.finish_expression(&validator.visitor(reader.original_position())).map_err(wrong)
}

/// Each target is held against all values that the branch takes, and nothing looks at the clock in between.
fn check_targets(operator: &Operator<'_>, at: usize) -> Result<(), InstallError> {
    match operator {
        Operator::BrTable { targets } if targets.len() > limits::PLUGIN_BRANCH_TARGETS_MAX => Err(costly(format!(
            "the branch at byte {at} has {} targets, and {} is the most; split it up",
            targets.len(),
            limits::PLUGIN_BRANCH_TARGETS_MAX
        ))),
        _ => Ok(()),
    }
}

/// The time that is left.
struct Clock {
    began: Instant,
    time_max: Duration,
}

impl Clock {
    fn look(&self) -> Result<(), InstallError> {
        if self.began.elapsed() < self.time_max {
            return Ok(());
        }
        Err(costly(format!("it is not done after {} s; make the component smaller", self.time_max.as_secs())))
    }
}

fn costly(problem: String) -> InstallError {
    InstallError::Costly(problem)
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` has")]
fn wrong(error: BinaryReaderError) -> InstallError {
    invalid(&error)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AMPLE: Duration = Duration::from_secs(60);

    /// A module whose `$wide` leaves a thousand values, and a function that does this.
    fn module(body: &str) -> Vec<u8> {
        let wide = "i32 ".repeat(1_000);
        let text = format!(
            "(module (type $wide (func (result {wide}))) (func $wide (type $wide) unreachable)
               (func (type $wide) {body}))"
        );
        wat::parse_str(text).expect("valid text format")
    }

    fn told(bytes: &[u8], time_max: Duration) -> String {
        validate(bytes, super::super::features(), time_max).map_or_else(|error| error.to_string(), |_| "well".to_owned())
    }

    #[test]
    fn values_that_pile_up_are_refused_before_they_fill_the_memory() {
        let calls = |count: usize| module(&format!("{} unreachable", "call $wide ".repeat(count)));
        assert_eq!(told(&calls(100), AMPLE), "well");
        // Left alone, 3.5 MB of this are gigabytes of values.
        let text = told(&calls(101), AMPLE);
        assert!(text.contains("take too much") && text.contains("more than 100000 values or blocks"), "{text}");
    }

    #[test]
    fn blocks_in_each_other_are_bounded_too() {
        let nested = |count: usize| module(&format!("{} {} unreachable", "block ".repeat(count), "end ".repeat(count)));
        // The function is a block of its own.
        assert_eq!(told(&nested(99_999), AMPLE), "well");
        let text = told(&nested(100_000), AMPLE);
        assert!(text.contains("more than 100000 values or blocks"), "{text}");
    }

    #[test]
    fn a_branch_has_so_many_targets() {
        let branch = |count: usize| module(&format!("block i32.const 0 br_table {} end unreachable", "0 ".repeat(count + 1)));
        assert_eq!(told(&branch(65_520), AMPLE), "well");
        let text = told(&branch(65_521), AMPLE);
        assert!(text.contains("has 65521 targets, and 65520 is the most"), "{text}");
    }

    #[test]
    fn what_takes_too_long_is_given_up_soon() {
        let branch = format!("(block (call $wide) (br_table {} (i32.const 0)))", "1 ".repeat(10_000));
        let bomb = module(&format!("{} unreachable", branch.repeat(60)));
        // 600,000 targets, each held against a thousand values; a file as large as may be has fifty times as many.
        let began = Instant::now();
        let text = told(&bomb, Duration::from_millis(100));
        assert!(text.contains("it is not done after 0 s"), "{text}");
        assert!(began.elapsed() < Duration::from_secs(20), "it was ended: {:?}", began.elapsed());
    }

    #[test]
    fn what_is_wrong_is_found_as_before() {
        assert!(told(&module("i32.const 0"), AMPLE).contains("not valid"), "a function that leaves too little");
        assert!(told(b"\0asm\x01\0\0\0\xff", AMPLE).contains("not valid"), "a section that is cut");
    }
}
