"""What the guests of the demo may be called."""

FIRST_NAMES = (
    "Aaron", "Abigail", "Aisha", "Alan", "Alastair", "Amelia", "Andrew", "Aneesa", "Angus", "Anita",
    "Barbara", "Beatrice", "Bronwen", "Callum", "Carol", "Catriona", "Charles", "Chidi", "Christine",
    "Claire", "Colin", "Daniel", "David", "Deborah", "Derek", "Dorota", "Eileen", "Eleanor", "Emeka",
    "Emily", "Farah", "Fergus", "Fiona", "Gareth", "George", "Gillian", "Gordon", "Hamza", "Harriet",
    "Hazel", "Helen", "Ian", "Imogen", "Imran", "Ingrid", "Jacqueline", "James", "Janet", "Jasmine",
    "Jeremy", "Joan", "Joyce", "Julian", "Karen", "Katarzyna", "Keith", "Kirsty", "Laura", "Lewis",
    "Linda", "Lorna", "Lucy", "Malcolm", "Margaret", "Marek", "Martin", "Maureen", "Megan", "Michael",
    "Mohammed", "Nadia", "Natalie", "Neil", "Nikhil", "Norman", "Oliver", "Olivia", "Patrick", "Paula",
    "Peter", "Philippa", "Rachel", "Rajesh", "Rebecca", "Rhys", "Richard", "Rosemary", "Rupert", "Ruth",
    "Samir", "Sandra", "Sean", "Sharon", "Siobhan", "Stephen", "Sunita", "Susan", "Thomas", "Tracey",
    "Trevor", "Valerie", "Victoria", "Vikram", "Wendy", "William", "Yasmin", "Yusuf", "Zoe",
)  # fmt: skip

LAST_NAMES = (
    "Abbott", "Ahmed", "Allen", "Anderson", "Appiah", "Armitage", "Ashworth", "Atkinson", "Bailey",
    "Banerjee", "Barker", "Begum", "Blackwood", "Bradshaw", "Brennan", "Brooks", "Burns", "Campbell",
    "Carmichael", "Carter", "Chapman", "Choudhury", "Clarke", "Collins", "Crawford", "Davies", "Dawson",
    "Doherty", "Douglas", "Ellis", "Farrell", "Fletcher", "Forsyth", "Gallagher", "Gibson", "Greenwood",
    "Griffiths", "Hargreaves", "Hartley", "Henderson", "Hill", "Holloway", "Hussain", "Jackson", "Jarvis",
    "Jenkins", "Kaur", "Kelly", "Khan", "Lambert", "Lawson", "Lewandowski", "Lloyd", "Mackenzie",
    "Marsden", "Matthews", "McBride", "Mistry", "Moore", "Murray", "Nicholls", "Norris", "Nowak",
    "O'Brien", "Osei", "Palmer", "Parry", "Pearce", "Pemberton", "Phillips", "Pritchard", "Rahman",
    "Reynolds", "Richards", "Robertson", "Sanderson", "Saunders", "Sharma", "Sinclair", "Singh",
    "Stanton", "Sutherland", "Thornton", "Tomlinson", "Underwood", "Wainwright", "Walsh", "Webster",
    "Whitaker", "Williams", "Winstanley", "Wright", "Yates",
)  # fmt: skip
