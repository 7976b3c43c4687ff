"""What each operation of the API does, in plain words, and what of its own it refuses. Data.

By the ids of operations: a line for lists of them, and more where somebody who calls it should know more. What refusals
look like, and those that all have, `schema.py` says once.
"""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    summary: str
    text: str = ""


PREVIEW = "With `preview` nothing is done: the answer (200) says who would get what, and who would not and why. "
ENDING = "With `preview` nothing is done: the answer names the clusters that would end, and when. "
PLAN = "Without `apply` nothing is changed: the answer says what would be. "
LEASE = "Of OpenStack's Blazar; for service accounts with the scope `billing`. "
NO_ROOM = "**409**: a limit or the credits do not suffice: `detail` names the limit, its figures and what would fit; "
WORDS = {
    "admin_stacks_list": Words(
        "Stacks of all courses, beside what the portal believes and the ledger charges",
        "`findings` say what does not fit: missing, orphaned, differing, charged but gone, running but not charged, "
        "strangers'. A page holds the rows of so many courses; `unanswered` are those of which the cloud said nothing. "
        "Nothing is changed by looking. **403**: for administrators.",
    ),
    "admin_shares_list": Words(
        "Shares of all courses, beside what the portal believes and the ledger charges",
        "As the stacks. The cloud's storage is asked for it, and may be slow. **403**: for administrators.",
    ),
    "admin_letters_list": Words(
        "Letters that never arrived, or wait to be tried again", "**403**: for administrators."
    ),
    "admin_notices_list": Words("What the university's own billing has not taken yet", "**403**: for administrators."),
    "admin_stacks_retrieve": Words(
        "One stack: template, parameters, resources, events, what it waits for",
        "By the id that the cloud has for it; secrets are left out. `course` saves the search for its project. "
        "**503**: the cloud does not answer.",
    ),
    "auth_introspect_create": Words(
        "Whether a token is good, and for what (RFC 7662)",
        "For other services that accept our tokens. Of one that is none, or whose time is over, `active` is false. "
        "**403**: for service accounts and administrators.",
    ),
    "auth_service_accounts_list": Words("Accounts of other systems", "**403**: for administrators."),
    "auth_service_accounts_create": Words(
        "Make an account for another system",
        "It never logs in and has tokens only: `POST auth/tokens` with `service_account`. `scopes` bound these. "
        "**409**: the name is taken.",
    ),
    "auth_tokens_list": Words("One's own tokens; of service accounts, too, for administrators"),
    "auth_tokens_create": Words(
        "Log in, or make a token with a name",
        "Without a token: `username` and `password`, and what comes of it holds for some hours. With the token of a "
        "log-in: `name`, `scopes`, `days`, for a program. The text of a token is told this once only. "
        "**401**: name or password is wrong. **403**: a token that was made makes no other.",
    ),
    "auth_tokens_destroy": Words(
        "Revoke a token", "It is refused from now on. **403**: a token that was made ends only itself."
    ),
    "billing_budgets_list": Words("Budgets: all for administrators, else one's own"),
    "billing_budgets_create": Words(
        "Give a teacher a budget of new credits",
        "**403**: for administrators. **422**: nobody of this name has ever logged in or is in a course.",
    ),
    "billing_check_create_create": Words(
        "Whether a lease of another service would fit",
        LEASE + "Nothing is kept: the same is asked again by `billing/create`. "
        "**409**: the credits do not suffice. **422**: the person is not in a course of this name.",
    ),
    "billing_create_create": Words(
        "Begin a lease: it is held, and charged hour by hour",
        LEASE + "`lease` is the service's own id, `hourly` or `fixed` its price. It ends at `ends_at`, though nobody "
        "says so. **409**: the credits do not suffice, or there is another lease of this id.",
    ),
    "billing_check_update_create": Words(
        "Whether a lease could end at another time", LEASE + "**409**: the credits do not suffice, or it has ended."
    ),
    "billing_update_create": Words(
        "Let a lease end at another time", LEASE + "**409**: the credits do not suffice, or it has ended."
    ),
    "billing_on_end_create": Words(
        "End a lease, and charge the rest", LEASE + "Never refused for want of credits; said again it changes nothing."
    ),
    "billing_rates_list": Words("What things cost, cost once, and will cost; the latest first"),
    "billing_rates_create": Words(
        "Set a price from an hour on",
        "`name` is a flavor, or a type of folder; of a GPU it is empty. **422**: `valid_from` is no full hour, or lies "
        "in the past though the price is not `correcting`. A correction says why in `memo`; what was charged by the "
        "wrong price, `billing/reprocess` sets right. **403**: for administrators.",
    ),
    "billing_reprocess_create": Words(
        "Charge a time anew after a correction",
        "What was charged otherwise than the prices now say is reversed and charged anew; nothing is edited. With "
        "`preview` it is only counted. **409**: somebody does it at this moment. **403**: for administrators.",
    ),
    "billing_statements_retrieve": Words(
        "What was spent in a course in a month, by whom and for what",
        "`month` as 2026-11, without it the present one; `format` csv or pdf gives a file. Students get their own, "
        "with `person`. **403**: that of others is for who leads the course, and for administrators.",
    ),
    "clusters_list": Words("Clusters that one may see, the newest first"),
    "clusters_create": Words(
        "Create a cluster",
        "Answered at once (202); ask its address for `status` until it is `ready` or `failed`, with `failure` as the "
        "reason. With `profile` only `course` and `name` are needed. "
        + NO_ROOM
        + "or the term is over. **403**: the person is in no such course as a member. **422**: the field that is "
        "wrong. **503**: many create in this course at the moment, or the university's billing is silent.",
    ),
    "clusters_price_create": Words(
        "What a cluster would cost, and whether there is room for it",
        "The body is that of a create; nothing is made. `fits` is false where a create would be refused, and "
        "`excesses` say why.",
    ),
    "clusters_retrieve": Words("One cluster: its state, progress, machines, health, end"),
    "clusters_events_list": Words(
        "Steps of a cluster's machines as they boot, the oldest first",
        "Each once it is done or has failed; of a failed one `log` is the end of what its machine wrote. Those of "
        "machines that were added or made anew later have a higher `generation`.",
    ),
    "offers_retrieve": Words(
        "What there is to choose among: software, flavors, images, kinds of storage, with prices",
        "For creates of clusters and folders. External networks, availability zones, key pairs and volume types are "
        "said by the names that the cloud has for them; what may be in each field the description of "
        "`POST clusters` says.",
    ),
    "clusters_cost_retrieve": Words("What a cluster has cost so far"),
    "clusters_destroy": Words(
        "Delete a cluster",
        "With everything in its HDFS; folders, logs and output stay. Never refused for its state; said again it "
        "changes nothing. **403**: for its owner, and who leads the course.",
    ),
    "clusters_extend_create": Words(
        "Let a cluster end so many hours later",
        NO_ROOM
        + "or it is ending. **403**: for its owner, where the cluster's profile leaves `hours` open to students, "
        "and who leads the course.",
    ),
    "clusters_resize_create": Words(
        "Change the number of workers while the cluster works on",
        "`workers`, or `remove` with the names of those who leave: these hand over their part of HDFS first. "
        + NO_ROOM
        + "or it is not ready, changes already, or would have fewer workers than copies of a block. **403**: its "
        "profile does not leave `workers` open to students.",
    ),
    "clusters_repair_create": Words(
        "Make lost workers anew",
        "`nodes`, or all that are in trouble. **409**: it is not ready, none is in trouble, the master is among them, "
        "or so many at once would lose data.",
    ),
    "clusters_jobs_list": Words("Jobs of a cluster, the newest first"),
    "clusters_jobs_create": Words(
        "Submit a job",
        "A program (`application`, in Python or Java) with its `arguments` and input `files`, as multipart/form-data. "
        "Jobs run one after another. **409**: the cluster is not ready. **413**: the files are larger than the portal "
        "takes. **422**: the program has no name ending in .py or .jar.",
    ),
    "jobs_retrieve": Words("One job: its state, exit code, reason"),
    "jobs_cancel_create": Words(
        "Cancel a job", "Its program is stopped within half a minute. **409**: it has ended by itself already."
    ),
    "jobs_log_retrieve": Words("The log of a job, while it runs too", "From the byte `offset` on."),
    "jobs_outputs_retrieve": Words("Files that a job has left in output/"),
    "jobs_output_retrieve": Words("One file that a job has left"),
    "courses_list": Words("Courses that one may see"),
    "courses_create": Words(
        "Make a course",
        "The portal makes its project in the cloud (`waiting_for` is empty when that is done), or takes `project`. "
        "**403**: for administrators, and whom they appointed. **409**: the name is taken.",
    ),
    "courses_retrieve": Words("One course, and what one may do in it"),
    "courses_partial_update": Words("Change title, dates, idling, or that students create from profiles only"),
    "courses_archive_create": Words(
        "Archive a course",
        ENDING
        + "All clusters end now, folders after `keep_folders_days`; what was spent can be read for ever. **422**: "
        "`confirm` is not the course's name.",
    ),
    "courses_makers_list": Words("Who may make courses, beside administrators"),
    "courses_makers_update": Words("Let somebody make courses", "**404**: nobody of this name has ever logged in."),
    "courses_makers_destroy": Words("Let somebody make no more courses"),
    "courses_members_list": Words("Who is in a course, with what they have and spent"),
    "courses_members_retrieve": Words("The role of one member"),
    "courses_members_create": Words(
        "Put one person on the roster",
        "Who is on it already has this role from now on. **409**: it is one's own place.",
    ),
    "courses_members_partial_update": Words("Give a member another role", "**409**: it is one's own place."),
    "courses_members_destroy": Words(
        "Take a member off the roster",
        ENDING + "Their clusters go on until their end, unless `end_clusters`. **409**: it is one's own place.",
    ),
    "courses_roster_create": Words(
        "Import a roster from a CSV file's text",
        "Columns `username`, `role`, `credits`; the last two may be left out. "
        + PLAN
        + "**422**: each bad line by its number, and nothing is imported.",
    ),
    "courses_group_create": Words(
        "Import the members of a group of Keystone",
        PLAN + "**422**: there is no such group, or nobody is in it. **409**: the portal may not read groups.",
    ),
    "courses_profiles_list": Words("Cluster profiles of a course"),
    "courses_profiles_create": Words(
        "Make a cluster profile",
        "`spec` by the fields of a create; of these students may change `may_change`. **409**: the name is taken. "
        "**422**: a cluster of this spec would be refused.",
    ),
    "courses_profiles_retrieve": Words("One cluster profile"),
    "courses_profiles_partial_update": Words("Change a profile", "Clusters that were made from it stay as they are."),
    "courses_profiles_destroy": Words("Delete a profile", "Clusters that were made from it stay."),
    "courses_limits_retrieve": Words("Limits of a course, of each student, exceptions, and who is over"),
    "courses_limits_update": Words(
        "Set the limits of a course and of each student",
        "All of them; null bounds nothing. Lowering one ends nothing that there is: `over` names who is over.",
    ),
    "courses_exception_retrieve": Words(
        "Limits of one student that are others than each student's",
        "None where all is as for the others. **404**: nobody of this course.",
    ),
    "courses_exception_update": Words(
        "Give one student limits of their own",
        "Those that are named, in place of all earlier exceptions; the rest is as for the others. **404**: nobody of "
        "this course. **409**: no student, and so bound by the course's own limits only.",
    ),
    "courses_limits_destroy": Words("Give one student the limits of the others again"),
    "courses_usage_retrieve": Words(
        "What one may have in a course, and has",
        "`mine` binds the person who asks; `course` is the whole course, for who leads it.",
    ),
    "courses_credits_retrieve": Words("What a course was given, spent, holds and has left, and by whom"),
    "courses_credits_create": Words(
        "Give a course credits",
        "`out_of` `new` (administrators) or `budget` (one's own; teachers of the course). **409**: the budget has not "
        "so much left.",
    ),
    "courses_corrections_create": Words(
        "Give a person back what they were charged in error",
        "By an entry more; nothing that is booked is edited. A negative amount takes more. **422**: this person was "
        "charged nothing in this course. Where a rate was wrong, `billing/reprocess` sets right all that it touched.",
    ),
    "courses_class_starts_list": Words("When clusters were, or are to be, made for the class"),
    "courses_class_starts_create": Words(
        "Have a cluster ready for each student at a time",
        PREVIEW
        + "Else it is begun as early as the last one needs, so many at a time, each within the limits of then; its "
        "address says who did not get one. **409**: the course has no students. **422**: `ready_at` is past, or the "
        "cluster could never be made.",
    ),
    "courses_extend_all_create": Words(
        "Put the ends of all clusters of a course off",
        PREVIEW + "**409**: there is no cluster. Each is extended within the limits; who is not stands in `rows`.",
    ),
    "courses_end_all_create": Words(
        "End all clusters of a course",
        PREVIEW + "**422**: `confirm` is not the course's name. **409**: there is no cluster.",
    ),
    "courses_class_actions_list": Words("What was begun for the class: starts, extensions and ends of all"),
    "courses_class_actions_retrieve": Words("What became of a class start, extend-all or end-all, person by person"),
    "courses_class_actions_destroy": Words("Call off what still waits; what is done stays"),
    "folders_list": Words("Folders that one may see"),
    "folders_create": Words(
        "Make a folder that outlives clusters",
        "**409**: the name is taken, or a limit or the credits do not suffice.",
    ),
    "folders_retrieve": Words("One folder, and the clusters that use it"),
    "folders_destroy": Words("Delete a folder with all that is in it", "**409**: a cluster uses it."),
    "folders_grow_create": Words(
        "Make a folder larger", "Never smaller. **409**: a limit or the credits do not suffice, or it is not available."
    ),
    "me_retrieve": Words("Whose token this is, what it may be used for, and where letters to the person go"),
    "me_partial_update": Words(
        "Say where letters go, and whether one is warned by e-mail",
        "Where the university's sign-in knows an address, it is taken anew at each log-in. **403**: a service account "
        "gets no letters.",
    ),
    "trail_list": Words(
        "Who did what to which thing, when and by which way",
        "The latest first. Teachers see their courses, administrators everything. **403**: for nobody else.",
    ),
}
