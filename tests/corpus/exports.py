"""Small files in the shape in which other systems write them: their columns in their order, their
ways with dates, lists and quotes; the people are made up."""

from datetime import UTC, datetime

from tests.corpus.workbooks import sheet, workbook

HUBSPOT_COMPANIES = (
    "Record ID,Company name,Company owner,Create Date,Phone Number,Last Activity Date,City,"
    "Country/Region,Industry,Company Domain Name,Number of Employees,Parent Company\n"
    "9001,Bell & Sons,Priya Nair,2024-01-31 10:00,,,Leeds,United Kingdom,RETAIL,bell.example,55,"
    "Bell Holding\n"
    "9002,Bell Holding,,2024-01-30 10:00,,,Leeds,United Kingdom,,holding.example,,\n"
)
HUBSPOT_CONTACTS = (
    "Record ID,First Name,Last Name,Email,Phone Number,Mobile Phone Number,Contact owner,"
    "Last Activity Date,Lead Status,Marketing contact status,Create Date,Associated Company IDs,"
    "Associated Company,Lifecycle Stage,Original Source,Job Title,Country/Region,"
    "Unsubscribed from all email\n"
    "51,Ann,Bell,ann@bell.example,+44 1227 496014,,Priya Nair,,New,Marketing contact,"
    "2024-01-31 10:00,9001;9009,Bell & Sons;Möwe GmbH,Marketing Qualified Lead,Organic Search,CEO,"
    "United Kingdom,false\n"
    "52,Ben,,ben@bell.example,,,,,,Non-marketing contact,2024-02-01 09:30,9002,Bell Holding,lead,"
    "Offline Sources,,,true\n"
)
SALESFORCE_ACCOUNTS = (
    '"Account ID","Account Name","Parent Account","Website","Industry","Employees",'
    '"Billing Country","Account Owner","Created Date"\n'
    '"001A","Bell & Sons","Bell Holding","www.bell.example","Retail","55","Germany","Priya Nair",'
    '"31/01/2024"\n'
    '"001B","Bell Holding","","","","1,200","Germany","","01/02/2024"\n'
)
SALESFORCE_CONTACTS = (
    '"Contact ID","Salutation","First Name","Middle Name","Last Name","Title","Account Name",'
    '"Account ID","Department","Mailing Street","Mailing City","Mailing Country","Phone","Mobile",'
    '"Email","Contact Owner","Lead Source","Email Opt Out","Created Date"\n'
    '"003A","Ms.","Ann","M.","Bell","CEO","Bell & Sons","001A","Board","1 High St","Ulm",'
    '"Germany","030 123456","","ann@bell.example","Priya Nair","Web","0","31/01/2024"\n'
    '"003B","Mr.","Ben","","Bell","","Bell Holding","001B","","","","","","+49 170 1234567",'
    '"ben@bell.example","","","1","02/02/2024"\n'
)


def serial(when: str) -> tuple[float]:
    """A moment as spreadsheets count: days since the end of 1899."""
    passed = datetime.fromisoformat(f"{when}Z") - datetime(1899, 12, 30, tzinfo=UTC)
    return (passed.total_seconds() / 86_400,)


PIPEDRIVE_PEOPLE = workbook(
    {
        "People": sheet(
            [
                [
                    *("Person - ID", "Person - Name", "Person - Organization"),
                    *("Person - Email - Work", "Person - Email - Home"),
                    *("Person - Phone - Work", "Person - Phone - Mobile"),
                    *("Person - Owner", "Person - Labels", "Person - Person created"),
                    *("Person - Marketing status", "Person - Job title", "Person - Open deals"),
                ],
                [
                    *(7, "Ann Bell", "Bell & Sons", "ann@bell.example", "ann@home.example"),
                    *("+49 30 123456", "+49 170 1234567", "Priya Nair", "Hot lead, Customer"),
                    *(serial("2024-01-31 10:30"), "Subscribed", "CEO", 2),
                ],
                [
                    *(8, "Ben Bell", None, "ben@bell.example", None, None, None, None, None),
                    *(serial("2024-02-01 00:00"), "Unsubscribed", None, 0),
                ],
            ]
        )
    }
)
PIPEDRIVE_AS_CSV = (
    "Person - ID;Person - Name;Person - Email - Work;Person - Person created\n"
    "7;Ann Bell;ann@bell.example;45322,4375\n8;Ben Bell;ben@bell.example;45323\n"
)
PIPEDRIVE_ORGANIZATIONS = (
    "Organization - ID,Organization - Name,Organization - Owner,Organization - Labels,"
    "Organization - Website,Organization - Organization created,Organization - Industry,"
    "Organization - Number of employees\n"
    "3,Bell & Sons,Priya Nair,Partner,https://bell.example,45322,Retail,55\n"
)
_MAILCHIMP = (
    "Email Address,First Name,Last Name,Phone Number,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,"
    "CONFIRM_TIME,CONFIRM_IP,LATITUDE,LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,"
)
MAILCHIMP_SUBSCRIBED = (
    f"{_MAILCHIMP}LAST_CHANGED,LEID,EUID,NOTES,TAGS\n"
    'ann@bell.example,Ann,Bell,,2,"2019-03-01 08:59:00",192.0.2.1,"2019-03-01 09:01:00",192.0.2.9,'
    ',,,,,DE,be,"2019-03-01 09:01:00",1,a1,,"""Fair"",""VIP"""\n'
    'ben@bell.example,Ben,Bell,,2,,,"2020-05-06 07:08:09",192.0.2.2,,,,,,GB,,,2,b2,,\n'
)
MAILCHIMP_UNSUBSCRIBED = (
    f"{_MAILCHIMP}UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_CAMPAIGN_ID,UNSUB_REASON,"
    "UNSUB_REASON_OTHER,LEID,EUID,NOTES,TAGS\n"
    'cid@bell.example,Cid,Bell,,2,"2019-03-01 08:59:00",192.0.2.1,"2019-03-01 09:01:00",192.0.2.1,'
    ',,,,,DE,be,"2023-04-05 06:07:08",May news,c9,"Too often",,3,c3,,\n'
)
MAILCHIMP_CLEANED = (
    f"{_MAILCHIMP}CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,CLEAN_CAMPAIGN_ID,LEID,EUID,NOTES,TAGS\n"
    'dan@bell.example,Dan,Bell,,2,,,"2019-03-01 09:01:00",192.0.2.1,,,,,,DE,be,'
    '"2023-04-05 06:07:08",May news,c9,4,d4,,\n'
)
GOOGLE = (
    "First Name,Middle Name,Last Name,Phonetic First Name,Name Prefix,Name Suffix,Nickname,"
    "File As,Organization Name,Organization Title,Organization Department,Birthday,Notes,Photo,"
    "Labels,E-mail 1 - Label,E-mail 1 - Value,E-mail 2 - Label,E-mail 2 - Value,Phone 1 - Label,"
    "Phone 1 - Value,Phone 2 - Label,Phone 2 - Value,Address 1 - Label,Address 1 - Country,"
    "Website 1 - Label,Website 1 - Value\n"
    "Ann,Maria,Bell,,,,,,Bell & Sons,CEO,Board,,,,Fair ::: VIP ::: * myContacts,Work,"
    "ann@bell.example ::: ann@sons.example,Home,ann@home.example,Mobile,"
    "+49 170 1234567 ::: +49 30 123456,,,Work,Germany,Work,https://bell.example\n"
)
GOOGLE_OLD = (
    "Name,Given Name,Additional Name,Family Name,Yomi Name,Group Membership,E-mail 1 - Type,"
    "E-mail 1 - Value,Phone 1 - Type,Phone 1 - Value,Organization 1 - Type,Organization 1 - Name,"
    "Organization 1 - Title,Organization 1 - Department\n"
    "Ann M. Bell,Ann,M.,Bell,,* My Contacts ::: Fair,* Work,ann@bell.example,Mobile,"
    "+49 30 123456,,Bell & Sons,CEO,Board\n"
)
