"""The requests that the published Loyalty Hub contract shows, by the paths they are sent to."""

from typing import Any

EXAMPLES: dict[str, dict[str, Any]] = {
    "/identify": {"identifier": "ABC123456"},
    "/transaction": {
        "customer_id": 42,
        "ticket_id": "T-12345",
        "total_amount": 45.50,
        "wet_total": 18.00,
        "dry_total": 27.50,
        "wet_discount_amount": 2.70,
        "dry_discount_amount": 5.50,
        "discount_type": "discount",
        "tier_at_visit": "Loyalty",
        "promo_code": None,
        "items": [
            {
                "product_name": "Guinness",
                "product_group": "Drinks",
                "quantity": 2,
                "price": 5.50,
                "stock_type": "wet",
            },
            {
                "product_name": "Fish & Chips",
                "product_group": "Mains",
                "quantity": 1,
                "price": 14.95,
                "stock_type": "dry",
            },
        ],
    },
    "/register": {
        "name": "Jane Doe",
        "email": "jane@example.com",
        "phone": "07700123456",
        "dob": "1990-05-15",
        "rfid_code": "RFID123456",
    },
    "/identifier/add": {"customer_id": 42, "identifier": "NEWRFID789", "label": "Husband's fob"},
    "/identifier/replace": {"customer_id": 42, "identifier_id": 15, "new_identifier": "REPLACEMENT123"},
    "/promos/validate": {"code": "SUMMER24", "customer_id": 42, "total_amount": 25.00},
    "/promos/apply": {
        "code": "SUMMER24",
        "customer_id": 42,
        "base_wet_discount": 10,
        "base_dry_discount": 15,
    },
}
