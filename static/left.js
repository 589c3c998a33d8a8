/* Clears what was typed in this tab on the log-in page that follows a log-out, as the log-out may have been on a page without
   our scripts. After a session that ended, the log-in page names a page to go on to and keeps the text. */
sessionStorage.clear();
