"""What the people of Lantern Bay say to each other. Only words; `lantern_bay` puts them into a workspace."""

HARBOUR = """
@ 2026-09-02T07:10:00Z
mina: Good morning, Lantern Bay. The lamp was out for eleven minutes last night; the spare bulb is in.
:flashlight: otto lena
-> otto: That explains the gull on my roof.
-> mina: The gull was there before the lamp.
-> lena: The gull was there before the town.
:joy: mina otto theo
otto: Ferry timetable for autumn is on the door and in the file.
#timetable
lena: Does the 18:40 still wait for the train?
-> otto: It waits six minutes. After that it waits in spirit.
-> lena: Noted, thank you.
=> otto: To be clear for everyone: six minutes, every day, also on Sundays.
:+1: mina lena theo
@ 2026-09-09T16:02:00Z
theo: Somebody left a blue bicycle at the pier &amp; it is not mine.
theo: It has a basket &lt;empty&gt; and a bell that plays two notes.
-> mina: Two notes? Then it is Sólveig's.
-> solveig: Já, takk! It is mine. I walked home without noticing.
-> theo: How does one not notice?
-> solveig: The sunset was very good.
:sunrise: mina lena otto theo
otto: Reminder: the harbour meeting is on Thursday at seven, upstairs at the bakery.
~ Reminder: the harbour meeting is on Thursday at half past seven, upstairs at the bakery.
#meeting
@ 2026-09-11T21:15:00Z
mina: Minutes of the meeting: 1) the bench gets painted, 2) the bench gets painted *green*, 3) nobody asked the bench.
:seedling: lena theo otto
#minutes
-> lena: Green like the door or green like the sea?
-> theo: Green like the door, the sea changes its mind.
-> otto: Agreed.
-> mina: Agreed. I will buy the paint on Saturday.
lena: Who can help with the nets tomorrow at six?
-> theo: I can.
-> otto: I can from seven.
-> lena: Perfect, there will be rolls.
@ 2026-09-24T05:40:00Z
otto: Fog. The first ferry waits until the far buoy can be seen.
otto: The far buoy can be seen.
otto: It was a fisherman. Still waiting.
:joy: mina lena theo solveig
otto: 06:25, leaving now.
@ 2026-10-03T10:00:00Z
theo: The regatta photographs are here, in no order at all.
#regatta
lena: The third one is upside down.
-> theo: So was the boat.
-> mina: So was the boat!
@ 2026-10-17T12:30:00Z
mina: Storm on Monday. Please double your lines, and look after the boats of those who are away.
#storm
-> otto: I have Anselm's and the white one.
-> theo: I take the three at the east steps.
-> lena: Bakery boat is out of the water.
-> solveig: I am in Reykjavík until Wednesday, can somebody look at the *Lítla*?
-> mina: Already done.
-> solveig: ❤️
@ 2026-10-20T08:20:00Z
mina: All lamps, all boats, all people: counted and complete.
:tada: otto lena theo solveig anselm
otto: One oar is missing and one oar was found, and they do not match.
@ 2026-11-01T09:00:00Z
lena: Winter hours from today: the pier light goes on at half past four.
theo: Whose turn is it to wind the clock in the tower?
-> lena: Mine, and I forgot. It is 9:05 everywhere but up there.
-> lena: Done.
@ 2026-11-14T18:45:00Z
mina: The bench is green. It is green like the sea after all; the shop had no door.
:green_heart: lena otto theo solveig
otto: A fine bench.
theo: A *very* fine bench. 1 &lt; 2 benches, though.
-> mina: One bench at a time &amp; one can per bench.
@ 2026-11-19T07:30:00Z
otto: Late ferry today, 18:55 instead of 18:40: the train has told us it is slow.
lena: Thank you for telling the bakery first.
"""

KITCHEN = """
@ 2026-09-03T04:50:00Z
lena: The oven is at 240 and behaving.
lena: Recipe for the harbour rolls, since three people asked: 500 g flour, 320 g water, 10 g salt, patience.
#rolls
-> theo: How much patience?
-> lena: Fourteen hours.
-> theo: I have about two.
-> lena: Then buy one from me.
:bread: mina theo
mina: Is there rye tomorrow?
-> lena: Rye, and the one with the figs.
@ 2026-09-21T05:05:00Z
lena: We are out of cardamom. Nobody panic.
anselm: I panic.
#cardamom
-> lena: I know, that is why I wrote it.
-> otto: I bring some with the ten o'clock.
=> lena: Cardamom arrives with the ten o'clock ferry, Anselm may stop.
:relieved: anselm
@ 2026-10-05T05:15:00Z
theo: The cinnamon knots were gone at eight. This is a complaint.
-> lena: Noted under compliments.
lena: Test bake: Grüße aus der Backstube, Brötchen mit Mohn für Anselm.
anselm: 好吃。 (My neighbour taught me that. It means: more, please.)
:heart: lena
@ 2026-10-26T05:00:00Z
lena: The sourdough needs a name. Suggestions here.
#sourdough
-> mina: Captain.
-> otto: Bread Pitt, but I am sorry.
-> theo: Doughlores.
-> solveig: Súrdís.
-> anselm: Margarete, after my aunt.
-> lena: It is Súrdís. Margarete will be the second one.
:clap: solveig mina otto theo
@ 2026-11-12T05:10:00Z
lena: Súrdís has doubled. She is in a larger jar now.
mina: How is Margarete?
-> lena: Quiet. She watches.
@ 2026-11-18T05:20:00Z
lena: Tomorrow no figs, the delivery is on the slow train.
otto: That train again.
"""

LAMP_ROOM = """
@ 2026-09-05T20:00:00Z
mina: This is where the keepers talk: watch list, spares, and who has the key.
otto: I have the key.
mina: Watch for September: odd days me, even days Otto.
-> otto: I swap the 14th for the 15th, if you like.
-> mina: I like.
@ 2026-09-28T22:10:00Z
otto: Lens cleaned. Four hours, and now it is too bright to look at.
mina: That is the idea.
@ 2026-10-19T23:58:00Z
mina: Wind 9, gusts 11. The tower hums in D.
-> otto: It was E flat last year.
-> mina: We are getting older.
mina: 02:10, all quiet below. Two ships sheltering behind the island.
mina: 05:45, it is over.
#over
-> otto: Go to sleep, I am on the stairs.
@ 2026-11-08T19:00:00Z
otto: The key is at the bakery, under the rye.
-> mina: Which rye?
-> otto: The one that does not sell.
"""

REGATTA = """
@ 2026-09-06T15:00:00Z
theo: Boats so far: *Lítla*, *Timeouts*, the bakery boat, and the thing Anselm calls a boat.
anselm: It floats.
-> theo: In which sense?
-> anselm: In the sense of sometimes.
theo: Start is on the 27th at two, when the tide turns.
mina: I can do the horn.
-> theo: You always do the horn.
@ 2026-09-27T17:30:00Z
theo: Result: 1. *Timeouts*, 2. *Lítla*, 3. the bakery boat. Anselm sank with grace.
:trophy: otto solveig lena
anselm: I would do it again.
theo: Closing this channel until next year. Thank you, all.
"""

DM_OTTO = """
@ 2026-09-15T18:00:00Z
otto: Do you still have the brass screws from the old door?
mina: In the tin with the ship on it.
otto: Found. There was also a letter from 1931 in it.
mina: What does it say?
otto: "Please buy brass screws."
:joy: mina
@ 2026-10-30T20:20:00Z
mina: Could you take my watch on the 9th? My sister is coming.
otto: Of course. Say hello from the whole tower.
mina: She says hello to the whole tower.
"""

DM_SOLVEIG = """
@ 2026-10-18T11:11:00Z
solveig: Is the Lítla really fine?
mina: Two lines, three fenders, and Theo talks to her.
solveig: Þúsund þakkir!
@ 2026-11-05T13:00:00Z
solveig: I brought you liquorice. It is under the green bench.
mina: The bench is not green yet.
solveig: It is under the bench.
"""

CAKE = """
@ 2026-11-10T12:00:00Z
mina: Lena has her birthday on the 24th. She must not bake.
theo: Who will tell her?
otto: Not me.
mina: I thought we bake, all three, at the tower.
-> theo: The tower has no oven.
-> mina: The tower has a lamp of a thousand watts.
-> otto: I like this plan and I will deny it.
theo: I can get apples.
mina: And I will say it is a meeting about the bench.
:shushing_face: otto theo
"""
