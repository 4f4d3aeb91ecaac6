"""What people write about, in the preset "text": things of six topics, and sentences that fit any of them.

A sentence does not tell its topic, and no word is shared by the things of a topic: who counts must know what each
thing is. A statement is a thing in a sentence; each belongs to one split.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from rao_lab.environments.drawn import split_of

THINGS: Mapping[str, str] = {
    "cooking": """
        the sourdough starter, a leek risotto, the pressure cooker, a pot of lentils, the pastry crust, the dumplings,
        the garlic press, a chickpea curry, the oven thermometer, a batch of pancakes, the bread knife, an onion tart,
        the soup ladle, a tray of parsnips, the mustard dressing, a mushroom stew, the cast-iron skillet, the custard,
        the spice rub, the rolling pin, the fish broth, a plate of gnocchi, the cheese sauce, the whisk,
        a lamb casserole, the burnt caramel, the noodle recipe, a pepper omelette, the marinade, the waffle iron,
        a lemon sorbet, the salted butter, the meringue, the frying pan, a bean burrito, the slow cooker,
        a walnut loaf, the chopping board, the gravy, the sauerkraut""",
    "gardening": """
        the compost heap, the rose bushes, the seedlings, the greenhouse, the hedge shears, a sack of mulch,
        the watering can, the tulip bulbs, the slug traps, the raised beds, the lawn edges, a cutting of lavender,
        the wheelbarrow, the potting soil, the pear tree, the weeds by the fence, the garden hose, the raspberry canes,
        the bird bath, the pruning saw, the dahlias, the rain barrel, the bean poles, the ivy on the wall,
        the flower border, the leaf rake, the peonies, the trowel, the plant labels, the moss in the lawn,
        the sunflowers, the sweet peas, the cold frame, the aphids, the wisteria, the seed catalogue,
        the allotment shed, the fern bed, the topiary, the crocuses""",
    "music": """
        the bass line, a string quartet, the choir rehearsal, the drum kit, the piano tuner, an old jazz record,
        the guitar solo, the chord progression, the metronome, a cello sonata, the brass band, the opera overture,
        the second violin, the refrain, the vinyl collection, the sheet music, the karaoke night, a clarinet lesson,
        the sound check, the tenor, the drumsticks, the accordion, the open-mic evening, a fugue by Bach,
        the synthesizer, the trombone section, the lullaby, the folk ballad, the recording studio, the concert hall,
        the conductor, the bagpipes, the waltz, the ukulele, the minor scale, the orchestra pit,
        the mixtape, the harmony part, the encore, a flute duet""",
    "travel": """
        the night train, the boarding pass, the hostel in Lisbon, the ferry crossing, the passport queue,
        the lost suitcase, the airport shuttle, the coach to Prague, the customs desk, the window seat, the city map,
        the guided tour, the layover in Doha, the visa form, the campsite by the lake, the rental car,
        the departure lounge, the souvenir stall, the travel adapter, the sleeper cabin, the border crossing,
        the island cruise, the delayed flight, the tourist office, the cable car ride, the hotel reception, the jet lag,
        the guidebook, the harbour taxi, the packing list, the road trip, the backpack straps, the railway timetable,
        the beach resort, the phrasebook, the gate change, the red-eye flight, the youth hostel, the carry-on bag,
        the motorway toll""",
    "sport": """
        the penalty kick, the relay team, the tennis serve, the rowing club, the marathon training, the goalkeeper,
        the boxing gym, the offside rule, the swimming heats, the cycling sprint, the league table, the half-time talk,
        the hurdles, the badminton court, the climbing wall, the referee, the slalom gates, the free throw,
        the volleyball net, the cricket innings, the long jump, the hockey stick, the judo belt, the away match,
        the substitutes' bench, the fencing mask, the javelin, the pole vault, the rugby scrum, the tie-break,
        the warm-up laps, the shin pads, the water polo team, the darts final, the golf handicap, the balance beam,
        the triathlon, the corner flag, the wrestling mat, the starting blocks""",
    "money": """
        the mortgage, the tax return, the savings account, the pension plan, the credit card bill, the index fund,
        the insurance claim, the rent increase, the bank transfer, the interest rate, the overdraft,
        the household budget, the pay slip, the stock market, the student loan, the electricity bill, the invoice,
        the expense report, the cash machine, the tax bracket, the dividend, the accountant, the deposit on the flat,
        the exchange rate, the standing order, the debt collector, the salary, the receipts, the bond yields,
        the piggy bank, the loan officer, the refund, the audit, the inheritance, the share price, the bank statement,
        the down payment, the petty cash, the price index, the bankruptcy""",
}
SENTENCES = (
    "I could talk about {x} all day.",
    "Nobody here understands {x} the way my sister does.",
    "I had a long dream about {x}.",
    "My brother sent me three letters about {x}.",
    "We argued about {x} until midnight.",
    "I promised my neighbour to see about {x} before Sunday.",
    "{X} was all we talked about last night.",
    "I am still not sure what to do about {x}.",
    "Somebody in the queue asked me about {x}.",
    "I have two pages about {x} in my diary.",
    "I did not expect {x} to be such trouble.",
    "{X} made me laugh today.",
    "I finally stopped worrying about {x}.",
    "My aunt called again because of {x}.",
    "One day I will tell you the story of {x}.",
    "Please remind me tomorrow of {x}.",
    "There is a whole chapter on {x} in the book that I am reading.",
    "{X} took longer than I thought.",
    "I have learned more about {x} this week than in years.",
    "The children would not stop asking about {x}.",
    "I was wrong about {x}, and I admit it.",
    "It all went wrong with {x} this time.",
    "I am rather proud of {x}.",
    "I have changed my mind about {x}.",
    "A friend explained {x} to me at length.",
    "What a day, and all because of {x}.",
    "{X} is the best thing that happened to me this month.",
    "Nothing but questions about {x} since I got up.",
    "Has anyone had any luck with {x} lately?",
    "I keep coming back to {x}.",
)
USERS = (
    *(
        "Adaeze",
        "Bruno",
        "Chiara",
        "Dmitri",
        "Elif",
        "Farouk",
        "Greta",
        "Hiroshi",
        "Ingrid",
        "Jovana",
        "Kwame",
    ),
    *("Leila", "Mateo", "Nadia", "Oskar", "Priya", "Quentin", "Rosalind", "Sanjay", "Tamsin", "Umberto"),
    *("Valentina", "Wanda", "Xavier", "Yusuf", "Zofia"),
)
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October"),
    *("November", "December"),
)
TOPICS = tuple(THINGS)


def things(topic: str) -> list[str]:
    return [" ".join(thing.split()) for thing in THINGS[topic].split(",")]


def statements(topic: str, split: str) -> list[str]:
    """All that can be said about a topic in a split."""
    said = [
        sentence.format(x=thing, X=thing[0].upper() + thing[1:])
        for thing in things(topic)
        for sentence in SENTENCES
    ]
    return [statement for statement in said if split_of(statement) == split]


_TOPIC_OF = {thing: topic for topic in TOPICS for thing in things(topic)}
_THING = re.compile("|".join(map(re.escape, sorted(_TOPIC_OF, key=len, reverse=True))))


def topic_of(statement: str) -> str:
    """What a statement is about, for who knows all things; "" = nothing that is known here."""
    found = _THING.search(statement[:1].lower() + statement[1:])
    return _TOPIC_OF[found[0]] if found else ""
