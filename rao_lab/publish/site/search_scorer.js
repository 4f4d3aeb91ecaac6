// How the search orders what it finds: pages by their titles, then public names, then words of a text. Sphinx by itself
// puts names of modules (objPrio 0) first.
var Scorer = {
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: -8, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 20,
  partialTitle: 12,
  term: 5,
  partialTerm: 2,
};
