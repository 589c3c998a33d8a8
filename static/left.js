/* A log-out ends at the log-in page without a page to go on to. It leaves nothing in this tab that was typed, also where
   the log-out was on a page without our scripts. After a session that ended, its person finds their text again. */
sessionStorage.clear();
