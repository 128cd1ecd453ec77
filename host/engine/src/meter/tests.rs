//! The clocks of these tests go on only when a test says so.

use std::thread;

use octi_domain::limits;

use super::clock::fake::{self, CLOCK};
use super::*;

const MS: Duration = Duration::from_millis(1);
const TICK: Duration = Duration::from_millis(limits::GUEST_TICK_MS);

/// A meter whose call has just got its thread.
fn meter(max_ms: u64) -> Meter {
    let mut meter = Meter::with(CLOCK, max_ms);
    meter.turns.started();
    meter.instantiated();
    meter
}

/// A tick, and the next turn of the call.
fn tick(meter: &mut Meter) -> bool {
    let spent = meter.tick();
    meter.turns.started();
    spent
}

#[test]
fn a_guest_that_calls_the_host_before_each_tick_pays_all_the_same() {
    let mut meter = meter(20);
    for _ in 0..5 {
        fake::run(4 * MS);
        let since = meter.host_call();
        fake::run(3 * MS);
        meter.waited(since);
    }
    assert!(meter.spent());
    assert_eq!((meter.guest(), meter.host()), (20 * MS, 15 * MS));
    assert_eq!(meter.elapsed(), 35 * MS);
}

#[test]
fn a_tick_that_comes_late_lets_nothing_go_for_free() {
    let late = TICK + Duration::from_micros(170);
    let mut meter = meter(1_000);
    let mut ticks = 0;
    loop {
        fake::run(late);
        ticks += 1;
        if tick(&mut meter) {
            break;
        }
    }
    assert_eq!(meter.guest(), late * ticks);
    assert!(meter.guest() < 1_000 * MS + late, "{meter:?}");
}

#[test]
fn waiting_for_a_processor_is_free() {
    let mut meter = meter(1_000);
    for _ in 0..10 {
        fake::run(6 * MS);
        // Another thread gets the processor for a while.
        fake::wait(50 * MS);
        fake::run(4 * MS);
        assert!(!tick(&mut meter));
        // And here the task waits for a thread.
        fake::run(30 * MS);
        meter.turns.started();
    }
    assert_eq!(meter.guest(), 100 * MS);
}

#[test]
fn coming_back_at_once_is_not() {
    let mut meter = meter(1_000);
    for _ in 0..10 {
        fake::run(10 * MS);
        assert!(!meter.tick());
        fake::run(MS / 20);
        meter.turns.started();
    }
    fake::run(10 * MS);
    assert!(!meter.tick());
    assert_eq!(meter.guest(), 110 * MS + MS / 2);
}

#[test]
fn a_wait_is_free_after_host_calls_in_the_same_turn_too() {
    let mut meter = meter(1_000);
    for _ in 0..4 {
        fake::run(MS / 2);
        let since = meter.host_call();
        meter.waited(since);
    }
    fake::run(3 * MS);
    fake::wait(40 * MS);
    assert!(!meter.tick());
    assert_eq!(meter.guest(), 5 * MS);
}

#[test]
fn a_turn_on_another_thread_is_measured_by_its_clock() {
    let mut meter = meter(1_000);
    fake::run(500 * MS);
    assert!(!meter.tick());
    let mut meter = thread::spawn(move || {
        // The clock of this thread is behind the other one; that on the wall is the same.
        fake::wait(500 * MS);
        meter.turns.started();
        fake::run(2 * MS);
        assert!(!meter.tick());
        meter
    })
    .join()
    .expect("it ends");
    assert_eq!(meter.guest(), 502 * MS);
    fake::wait(2 * MS);
    meter.turns.started();
    fake::run(3 * MS);
    meter.ended();
    assert_eq!(meter.guest(), 505 * MS);
}

#[test]
fn the_clock_of_a_thread_stands_still_while_it_sleeps() {
    let (wall, thread) = ((Clock::SYSTEM.wall)(), (Clock::SYSTEM.thread)());
    thread::sleep(20 * MS);
    let slept = (Clock::SYSTEM.thread)() - thread;
    assert!((Clock::SYSTEM.wall)() - wall >= 20 * MS && slept < 10 * MS, "{slept:?}");
    let until = (Clock::SYSTEM.thread)() + 2 * MS;
    while (Clock::SYSTEM.thread)() < until {
        std::hint::spin_loop();
    }
    assert!((Clock::SYSTEM.wall)() - wall >= 22 * MS);
}

#[tokio::test]
async fn each_poll_of_a_call_is_a_turn() {
    let mut meter = Meter::with(CLOCK, 1_000);
    let mut turns = 0;
    let work = std::future::poll_fn(|context| {
        turns += 1;
        context.waker().wake_by_ref();
        if turns == 2 { Poll::Ready(()) } else { Poll::Pending }
    });
    let mut watched = meter.turns().watch(work);
    assert!(futures::poll!(&mut watched).is_pending());
    fake::run(20 * MS);
    assert!(futures::poll!(&mut watched).is_ready());
    fake::run(3 * MS);
    assert!(!meter.tick());
    assert_eq!(meter.guest(), 3 * MS);
}
