//! What every store has to pass.
//!
//! Each case is a function of a fresh store. [`for_each_case`] names them all; a store makes tests of them by handing
//! in a macro that takes `area::case` pairs.

pub(super) mod bulk;
pub(super) mod change;
pub(super) mod claims;
pub(super) mod history;
pub(super) mod housekeeping;
pub(super) mod inbound;
pub(super) mod instances;
pub(super) mod leases;
pub(super) mod messages;
pub(super) mod objects;
pub(super) mod order;
pub(super) mod pages;
pub(super) mod polls;
pub(super) mod rewind;
pub(super) mod subscriptions;
pub(super) mod tenants;
mod world;

/// Calls a macro with the names of all cases.
macro_rules! for_each_case {
    ($tests:ident) => {
        $tests! {
            tenants::bootstrap_makes_one_organization,
            tenants::a_user_needs_both_secrets,
            tenants::users_are_found_by_secret_and_id,
            tenants::the_first_user_operates_the_host,
            tenants::organizations_have_their_own,
            tenants::accounts_are_made_in_their_organization,
            tenants::users_have_addresses_of_their_own,
            tenants::secrets_are_rotated_and_revoked,
            instances::ids_are_never_given_twice,
            instances::an_instance_reads_as_it_was_made,
            instances::ids_and_tokens_are_taken_once,
            instances::a_refused_instance_leaves_nothing,
            instances::filters_and_pages,
            instances::hostile_strings_survive,
            instances::deletion_takes_all_and_only_its_own,
            instances::deletion_of_nothing_is_told,
            change::columns_change_alone,
            change::secrets_are_put_and_removed_without_an_edit,
            change::a_state_keeps_its_time_while_it_lasts,
            change::pollers_of_a_resource_keep_their_memory,
            change::removed_polling_forgets,
            change::the_same_url_changes_nothing,
            change::another_url_takes_over,
            change::a_removed_callback_waits_for_the_next,
            change::an_attempt_at_the_old_url_says_nothing_of_the_new,
            change::a_missing_instance_is_told,
            leases::due_instances_are_claimed_longest_waiting_first,
            leases::claims_keep_to_their_limit,
            leases::nobody_else_gets_a_held_lease,
            leases::epochs_rise_with_each_claim,
            leases::an_ended_lease_is_anybodys,
            leases::a_renewed_lease_lasts,
            leases::stale_leases_can_do_nothing,
            leases::a_lease_of_a_removed_schedule_never_fits_again,
            leases::a_release_says_when_it_is_due_again,
            leases::instances_that_cannot_work_are_not_claimed,
            leases::paused_pollers_need_no_claim,
            leases::concurrent_claims_never_share,
            pages::a_page_is_stored_whole,
            pages::a_stale_page_stores_nothing,
            pages::a_failing_page_stores_nothing,
            pages::foreign_pollers_are_refused,
            pages::fingerprints_are_replaced,
            pages::polls_move_the_cursor_and_leave_a_record,
            pages::failed_polls_keep_the_cursor,
            pages::old_fingerprints_go,
            pages::a_foreign_topic_gets_nothing,
            polls::a_record_reads_as_it_was_made,
            polls::they_are_filtered_and_paged,
            polls::the_newest_of_each_result_are_kept,
            polls::accounts_see_their_own_polls,
            polls::they_go_with_their_instance,
            history::notifications_are_filtered,
            history::notifications_know_how_far_they_came,
            history::deliveries_are_filtered,
            history::accounts_see_their_own,
            claims::a_claim_says_all_that_a_delivery_needs,
            claims::only_due_ones_are_claimed,
            claims::a_claim_keeps_to_its_limit_and_cap,
            claims::the_cap_counts_earlier_claims,
            claims::a_dead_endpoint_holds_nobody_up,
            claims::an_ended_lease_is_claimed_again,
            claims::retries_wait_and_count,
            claims::stale_and_repeated_settlements_are_ignored,
            claims::attempts_are_kept,
            claims::the_next_due_one_is_known,
            claims::a_full_subscription_is_not_due,
            claims::concurrent_claims_never_share_deliveries,
            order::an_object_is_delivered_in_its_order,
            order::other_objects_do_not_wait,
            order::a_delivery_waits_for_all_of_its_objects,
            order::an_object_twice_in_a_notification_counts_once,
            order::subscriptions_do_not_wait_for_each_other,
            order::order_holds_over_deactivation,
            order::order_holds_over_a_new_url,
            subscriptions::a_deactivated_one_queues,
            subscriptions::attempts_in_flight_count_after_deactivation,
            subscriptions::a_resumed_one_starts_afresh,
            subscriptions::a_resumed_one_does_not_repeat_what_is_in_flight,
            subscriptions::only_its_account_resumes_it,
            subscriptions::they_are_listed,
            messages::a_message_goes_to_its_topic,
            messages::events_go_to_subscriptions_of_users_too,
            messages::a_deleted_subscription_is_over,
            messages::subscriptions_are_found_by_topic_and_page,
            messages::notifications_are_acknowledged_and_deleted,
            messages::accounts_have_settings,
            messages::the_policy_queue_reaches_claims_and_keeps_subscriptions,
            messages::deliveries_are_made_again,
            messages::events_are_counted,
            messages::dispositions_tell_of_attempts,
            messages::the_feed_goes_by_visibility,
            rewind::a_rewound_poller_forgets_what_changed_since,
            rewind::a_missing_poller_is_told,
            inbound::a_registration_lives_with_its_instance,
            inbound::registrations_are_prolonged_under_a_lease,
            inbound::calls_are_kept_once_and_up_to_a_limit,
            inbound::a_call_ends_with_what_it_tells,
            inbound::a_call_that_failed_blocks_nobody,
            bulk::exports_have_their_turn,
            bulk::pages_are_stored_once,
            bulk::the_end_of_an_export_is_told_once,
            bulk::exports_are_given_up_and_pruned,
            objects::each_owner_has_its_own_objects,
            objects::objects_are_made_all_or_none,
            objects::objects_are_replaced_renamed_and_removed,
            objects::objects_of_an_instance_go_with_it,
            housekeeping::recovery_gives_back_all_leases,
            housekeeping::pruning_takes_what_is_finished_and_old,
            housekeeping::pruning_goes_through_many_batches,
            housekeeping::subscriptions_that_are_over_go,
            housekeeping::it_answers,
        }
    };
}

pub(super) use for_each_case;
