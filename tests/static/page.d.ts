// Types of what the scripts in static/ share, and of the globals that they use. An element that a selector finds has no
// type: templates decide what it is, and no compiler sees them.

interface PageParts {
  command: HTMLInputElement;
  commands: HTMLElement;
  convo: HTMLElement;
  messages: HTMLElement;
  none: HTMLTemplateElement;
  palette: HTMLDialogElement;
  people: HTMLTemplateElement;
  sketch: HTMLTemplateElement;
  threads: HTMLElement;
}
/** By its id: a part that stands on every page whose scripts ask for it, or any element or null. */
interface FindById {
  <Id extends keyof PageParts>(id: Id): PageParts[Id];
  (id: string): any;
}
type Listen = <Type extends keyof DocumentEventMap>(
  type: Type,
  handle: (element: any, event: DocumentEventMap[Type]) => unknown,
  capture?: boolean,
) => void;

/** The server's answer to a request for a part of a page. */
interface Reply {
  response: Response;
  page: Document;
}
interface QueuedRequest {
  url: () => string | undefined;
  body: () => FormData;
  target: string;
  onSuccess: (reply: Reply) => unknown;
  onFailure: (reply?: Reply) => unknown;
}
interface SentDecision {
  inbox: string;
  token: string;
  cancel: () => boolean;
}
/** What is typed in a field, what it replaces, and the channel that it is for. */
type Typed = [words: string, draft: string, channel?: string];
/** Where a row stood, and whether it was unread. */
interface Place {
  row: any;
  nextId: string | undefined;
  unread: boolean;
}
/** Conversations of a step, and the places of those in the list. */
interface Part {
  ids: string[];
  places: Place[];
}
/** What a person did: a decision (`ids`), a message that counts down (`lead`), or a text that came back (`text`). */
interface Step {
  toast?: any;
  stays?: string;
  ids?: string[];
  places?: Place[];
  shown?: string;
  opened?: boolean;
  sent?: SentDecision[];
  name?: string;
  lead?: string;
  cancel?: () => boolean;
  release?: () => void;
  says?: [string, { undo: boolean; until: number }];
  undoUrl?: string;
  isLost?: boolean;
  text?: any;
  value?: string;
}
/** An entry of the palette. */
interface Entry {
  group: string;
  label: string;
  run: () => unknown;
  meta: string;
  keys: Element[];
  most: number;
  icon?: any;
}
interface LeadFound {
  name: string;
  about: string;
  url: string;
}
/** The answer of inbox/pages/desk/live.py. */
interface LiveAnswer {
  since: string;
  changed: Record<string, string[]>;
  here: Record<string, [string, boolean][]>;
}
interface Notice {
  key: string;
  title: string;
  body: string;
  url: string;
}

interface HtmxEvent
  extends CustomEvent<{
    elt: HTMLElement;
    target: HTMLElement;
    xhr: XMLHttpRequest;
    requestConfig: { path: string };
    serverResponse: string;
  }> {}
interface DocumentEventMap {
  "holdfast:reload": Event;
  "htmx:beforeRequest": HtmxEvent;
  "htmx:beforeSwap": HtmxEvent;
  "htmx:afterSwap": HtmxEvent;
  "htmx:responseError": HtmxEvent;
  "htmx:sendError": HtmxEvent;
}
interface WindowEventMap {
  "holdfast:asked": CustomEvent<Record<string, string[]>>;
  "holdfast:changed": CustomEvent<Set<string>>;
  "holdfast:here": CustomEvent<Record<string, [string, boolean][]> | undefined>;
  "holdfast:leave": Event;
  "holdfast:pane": Event;
  "holdfast:rows": CustomEvent<boolean>;
  "holdfast:sent": Event;
}
declare const htmx: {
  process(element: Element): void;
  trigger(element: Element, event: string): void;
};
interface Window {
  /** Of Django's admin/js/actions.js. */
  Actions?: (boxes: { forEach(visit: (box: Element) => void): void }) => void;
}

interface ParentNode {
  querySelector(selectors: string): any;
  querySelectorAll(selectors: string): NodeListOf<any>;
}
interface Element {
  closest(selectors: string): any;
}
