/* The pages of the inbox: conversations beside their list. */
import "./holdfast.js";
import "./decisions.js";
import "./writing.js";
import "./mentions.js";
import "./news.js";
import "./palette.js";
import "./live.js";
