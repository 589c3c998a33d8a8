/* Clears typed text from this tab on the login page after a log-out, because the page of the log-out may have had no
   scripts. If the session expired, the login page names a page to continue with, and the text is kept. */
sessionStorage.clear();
