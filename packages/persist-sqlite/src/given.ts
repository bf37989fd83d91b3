/**
 * A parameter that the planner does not look into. Of a bare one in an ordered statement with a limit it takes the value into account, and plans anew whenever another is bound,
 * which costs ten times what the page does.
 */
export const given = "(select ?)";
