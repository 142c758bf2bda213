/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/aws/test_autoscaling_view.c - states by name, repeats, hooks.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <string.h>

#include "discovery/aws/autoscaling_view.h"

static void states_are_known_by_their_exact_names(void **state)
{
    static const struct {
        const char *text;
        enum lifecycle_state expected;
    } cases[] = {
        {"InService",                LIFECYCLE_IN_SERVICE      },
        {"Pending:Wait",             LIFECYCLE_PENDING_WAIT    },
        {"Terminating:Wait",         LIFECYCLE_TERMINATING_WAIT},
        {"Standby",                  LIFECYCLE_STANDBY         },
        {"EnteringStandby",          LIFECYCLE_STANDBY         },
        {"Warmed:Pending:Wait",      LIFECYCLE_WARMED_WAIT     },
        {"Warmed:Terminating:Wait",  LIFECYCLE_WARMED_WAIT     },
        {"Pending",                  LIFECYCLE_OTHER           },
        {"Pending:Proceed",          LIFECYCLE_OTHER           },
        {"Terminating:Retained",     LIFECYCLE_OTHER           },
        {"ReplacingRootVolume:Wait", LIFECYCLE_OTHER           },
        {"Warmed:Hibernated",        LIFECYCLE_OTHER           },
        {"Warmed:Pending:Retained",  LIFECYCLE_OTHER           },
        {"pending:wait",             LIFECYCLE_UNKNOWN         },
        {"Pending:Wait ",            LIFECYCLE_UNKNOWN         },
        {"Pending:Waiting",          LIFECYCLE_UNKNOWN         },
        {"",                         LIFECYCLE_UNKNOWN         },
        {NULL,                       LIFECYCLE_UNKNOWN         },
    };
    struct autoscaling_view *view = autoscaling_view_new();

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        autoscaling_view_add_instance(view, "i-1", "web", cases[i].text);
        assert_int_equal(view->instances[i].state, cases[i].expected);
        assert_string_equal(view->instances[i].state_text,
                            cases[i].text == NULL ? "" : cases[i].text);
    }
    autoscaling_view_free(view);
}

static void one_entry_an_id_remains_sorted(void **state)
{
    struct autoscaling_view *view = autoscaling_view_new();

    (void)state;
    autoscaling_view_add_instance(view, "i-3", "web", "InService");
    autoscaling_view_add_instance(view, "i-1", "web", "Pending:Wait");
    autoscaling_view_add_instance(view, "i-3", "web", "InService");
    autoscaling_view_add_instance(view, "i-2", "web", "Terminating:Wait");
    autoscaling_view_finish(view);
    assert_int_equal(view->instance_count, 3);
    assert_string_equal(view->instances[0].id, "i-1");
    assert_int_equal(view->instances[0].state, LIFECYCLE_PENDING_WAIT);
    assert_string_equal(view->instances[1].id, "i-2");
    assert_int_equal(view->instances[1].state, LIFECYCLE_TERMINATING_WAIT);
    assert_string_equal(view->instances[2].id, "i-3");
    assert_int_equal(view->instances[2].state, LIFECYCLE_IN_SERVICE);
    autoscaling_view_free(view);
}

static void an_id_in_two_states_or_groups_is_left_alone(void **state)
{
    struct autoscaling_view *view = autoscaling_view_new();

    (void)state;
    autoscaling_view_add_instance(view, "i-1", "web", "Warmed:Pending:Wait");
    autoscaling_view_add_instance(view, "i-1", "web", "Pending:Wait");
    autoscaling_view_add_instance(view, "i-1", "web", "Pending:Wait");
    autoscaling_view_add_instance(view, "i-2", "web", "Pending:Wait");
    autoscaling_view_add_instance(view, "i-2", "api", "Pending:Wait");
    autoscaling_view_finish(view);
    assert_int_equal(view->instance_count, 2);
    assert_int_equal(view->instances[0].state, LIFECYCLE_UNKNOWN);
    assert_int_equal(view->instances[1].state, LIFECYCLE_UNKNOWN);
    autoscaling_view_free(view);
}

static void a_hook_is_found_by_group_name_and_transition(void **state)
{
    char group[] = "web";
    struct autoscaling_hook hook = {group, "srvCreation", false, 30, 3000};
    struct autoscaling_view *view = autoscaling_view_new();
    const struct autoscaling_hook *found = NULL;

    (void)state;
    autoscaling_view_add_hook(view, &hook);
    group[0] = 'x'; /* the view has its own copy */
    found = autoscaling_view_hook(view, "web", "srvCreation", false);
    assert_non_null(found);
    assert_int_equal(found->heartbeat_timeout_s, 30);
    assert_int_equal(found->global_timeout_s, 3000);
    assert_null(autoscaling_view_hook(view, "web", "srvCreation", true));
    assert_null(autoscaling_view_hook(view, "api", "srvCreation", false));
    assert_null(autoscaling_view_hook(view, "web", "srvcreation", false));
    assert_null(autoscaling_view_hook(view, "web", NULL, false));
    autoscaling_view_free(view);
    autoscaling_view_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_are_known_by_their_exact_names),
        cmocka_unit_test(one_entry_an_id_remains_sorted),
        cmocka_unit_test(an_id_in_two_states_or_groups_is_left_alone),
        cmocka_unit_test(a_hook_is_found_by_group_name_and_transition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
