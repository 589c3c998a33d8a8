/* Who logs in finds nothing in this tab that was typed before, also after a log-out from a page without our scripts. */
sessionStorage.clear();
