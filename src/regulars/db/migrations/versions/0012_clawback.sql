-- What was given may have to come back after it was spent: then the account owes it, and what comes later pays.

alter table accounts add column owed bigint not null default 0;
alter table accounts add constraint owed_is_not_negative check (owed >= 0);
comment on column accounts.owed is 'What was to be taken back and could not be yet.';

alter table transfers drop constraint verb_is_known;
alter table transfers add constraint verb_is_known check (
    verb in ('earn', 'redeem', 'adjust', 'refund', 'reserve', 'capture', 'release', 'expire', 'clawback')
);
alter table transfers drop constraint sign_fits_verb;
alter table transfers add constraint sign_fits_verb check (
    case
        when verb in ('earn', 'refund') then amount > 0
        when verb = 'redeem' then amount < 0
        when verb in ('capture', 'clawback') then amount <= 0
        when verb = 'adjust' then amount <> 0
        else amount = 0
    end
);
