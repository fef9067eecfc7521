// What a rule can decide about a video, in words: of many, and of one.

export const ACTIONS = {
  expire: { total: "Go to the trash", one: "To the trash", icon: "trash" },
  prune: { total: "Leave this disk; verified copies stay", one: "Off this disk", icon: "leave" },
  move: { total: "Are copied to a colder target", one: "To a colder target", icon: "download" },
  keep: { total: "Stay as they are", one: "Stays", icon: "check" },
};

export const actionOf = (name) => ACTIONS[name] ?? { one: name, icon: "check" };
