"""What a user would otherwise write: FastAPI, SQLAlchemy 2's async ORM on aiosqlite or asyncpg, pydantic response models.

The same data, the same two calls, the same JSON; SQLite in WAL mode with synchronous=FULL, or PostgreSQL as it comes, so
that a POST is as durable as ours. Written as their documentation suggests, with what an experienced user adds: one session per request,
foreign keys eagerly loaded; on SQLite `BEGIN IMMEDIATE` for writes so that no writer fails when it upgrades, and a long
busy timeout.
It has no rate limit, no versions, no request ids, and its ledger is a plain table without hashes.

    python -m benchmarks.peers.fastapi_orm PORT DATABASE POOL_SIZE
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict
from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, create_engine, event, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, selectinload

from benchmarks.peers.serving import serve


class Base(DeclarativeBase):
    type_annotation_map: ClassVar = {
        dict[str, str]: JSON,
        list[dict[str, str]]: JSON,
        list[str]: JSON,
        # SQLite numbers rows by itself only where the key is a plain INTEGER, which holds 64 bits there.
        int: BigInteger().with_variant(Integer, "sqlite"),
    }


class Contact(Base):
    __tablename__ = "contacts"

    id: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]
    external_id: Mapped[str | None] = mapped_column(unique=True)
    email: Mapped[str | None] = mapped_column(unique=True)
    name: Mapped[str | None]
    created_at: Mapped[int]
    updated_at: Mapped[int]
    choices: Mapped[list[Choice]] = relationship(order_by="Choice.chosen_at")


class Type(Base):
    __tablename__ = "subscription_types"

    id: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    consent_type: Mapped[str]
    default_translation: Mapped[dict[str, str]]
    translations: Mapped[list[dict[str, str]]]
    content_types: Mapped[list[str]]


class Choice(Base):
    __tablename__ = "choices"

    contact_id: Mapped[str] = mapped_column(ForeignKey(Contact.id), primary_key=True)
    type_id: Mapped[str] = mapped_column(ForeignKey(Type.id), primary_key=True)
    state: Mapped[str]
    chosen_at: Mapped[int]
    type: Mapped[Type] = relationship()


class Entry(Base):
    __tablename__ = "ledger"
    __table_args__ = (Index("ledger_contact", "contact_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[str] = mapped_column(ForeignKey(Contact.id))
    type_id: Mapped[str] = mapped_column(ForeignKey(Type.id))
    event: Mapped[str]
    state: Mapped[str]
    actor: Mapped[str]
    recorded_at: Mapped[int]


class TranslationOut(BaseModel):
    name: str
    description: str
    locale: str


class SubscriptionOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    type: Literal["subscription"] = "subscription"
    id: str
    state: Literal["live", "draft", "archived"]
    consent_type: Literal["opt_out", "opt_in"]
    default_translation: TranslationOut
    translations: list[TranslationOut]
    content_types: list[Literal["email", "sms_message"]]


class SubscriptionListOut(BaseModel):
    type: Literal["list"] = "list"
    data: list[SubscriptionOut]


class ContactIn(BaseModel):
    role: Literal["user", "lead"] = "user"
    external_id: str | None = None
    email: str | None = None
    name: str | None = None


class ContactOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    type: Literal["contact"] = "contact"
    id: str
    role: Literal["user", "lead"]
    external_id: str | None
    email: str | None
    name: str | None
    created_at: int
    updated_at: int


class AttachIn(BaseModel):
    id: str
    consent_type: Literal["opt_out", "opt_in"]


TOKEN = os.environ.get("PEER_TOKEN", "")

app = FastAPI()
bearer = HTTPBearer()


async def authenticated(credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> None:
    if not secrets.compare_digest(credentials.credentials.encode(), TOKEN.encode()):
        raise HTTPException(401, "Access Token Invalid")


async def reading(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.read() as session:
        yield session


async def writing(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.write() as session:
        yield session


@app.post("/contacts", dependencies=[Depends(authenticated)])
async def create(asked: ContactIn, session: Annotated[AsyncSession, Depends(writing)]) -> ContactOut:
    now = time.time_ns() // 1_000_000
    contact = Contact(id=secrets.token_hex(12), created_at=now, updated_at=now, **asked.model_dump())
    session.add(contact)
    answer = ContactOut.model_validate(contact)
    try:
        await session.commit()
    except IntegrityError:
        raise HTTPException(409, "A contact matching those details already exists") from None
    return answer


@app.get("/contacts/{contact_id}/subscriptions", dependencies=[Depends(authenticated)])
async def list_subscriptions(
    contact_id: str, session: Annotated[AsyncSession, Depends(reading)]
) -> SubscriptionListOut:
    contact = await session.get(Contact, contact_id, options=[selectinload(Contact.choices).joinedload(Choice.type)])
    if contact is None:
        raise HTTPException(404, "User Not Found")
    attached = [choice.type for choice in contact.choices if choice.state in ("granted", "withdrawn")]
    return SubscriptionListOut(data=[SubscriptionOut.model_validate(type_) for type_ in attached])


@app.post("/contacts/{contact_id}/subscriptions", dependencies=[Depends(authenticated)])
async def attach(
    contact_id: str, asked: AttachIn, session: Annotated[AsyncSession, Depends(writing)]
) -> SubscriptionOut:
    contact = await session.get(Contact, contact_id)
    if contact is None:
        raise HTTPException(404, "User Not Found")
    type_ = await session.get(Type, asked.id)
    if type_ is None or type_.state != "live":
        raise HTTPException(404, "Resource Not Found")
    if type_.consent_type != asked.consent_type:
        raise HTTPException(400, "consent_type is not the type's own")
    answer = SubscriptionOut.model_validate(type_)
    choice = await session.get(Choice, (contact_id, asked.id))
    state, now = "granted" if type_.consent_type == "opt_in" else "withdrawn", time.time_ns() // 1_000_000
    if choice is None:
        choice = Choice(contact_id=contact_id, type_id=type_.id)
        session.add(choice)
    elif choice.state == state:
        return answer
    choice.state, choice.chosen_at, contact.updated_at = state, now, now
    event_ = f"consent.{state}"
    entry = Entry(contact_id=contact_id, type_id=type_.id, event=event_, state=state, actor="api", recorded_at=now)
    session.add(entry)
    await session.commit()
    return answer


def engine_on(database: str, pool_size: int) -> AsyncEngine:
    """`database`: a file, or the URL of one in PostgreSQL."""
    if database.startswith("postgresql"):
        return create_async_engine(_driven(database), pool_size=pool_size, max_overflow=0, pool_timeout=60)
    return _on_sqlite(database, pool_size)


def _driven(url: str) -> str:
    return url.replace("postgresql://", "postgresql+asyncpg://")


def _on_sqlite(database: str, pool_size: int) -> AsyncEngine:
    engine = create_async_engine(
        f"sqlite+aiosqlite:///{database}",
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=60,
        connect_args={"timeout": 60},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, record: Any) -> None:
        # The driver would begin transactions by itself, and later than it should.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        immediate = connection.get_execution_options().get("immediate")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


def filled_from(sayso: Path, database: Path) -> None:
    """Make the peer's database from the contacts, choices and entries in one of ours."""
    Base.metadata.create_all(create_engine(f"sqlite:///{database}"))
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("ATTACH ? AS ours", (str(sayso),))
    connection.executescript("""
        INSERT INTO contacts (id, role, external_id, email, name, created_at, updated_at)
        SELECT lower(hex(contact_id)), role, external_id, email, name, created_at, updated_at FROM ours.contacts ORDER BY contact_id;
        INSERT INTO subscription_types (id, state, consent_type, default_translation, translations, content_types)
        SELECT t.type_id, t.state, t.consent_type,
            (SELECT json_object('name', name, 'description', description, 'locale', locale) FROM ours.translations w
             WHERE w.type_id = t.type_id AND w.locale = t.default_locale),
            (SELECT json_group_array(json_object('name', name, 'description', description, 'locale', locale))
             FROM ours.translations w WHERE w.type_id = t.type_id),
            json_array(t.channels)
        FROM ours.subscription_types t;
        INSERT INTO choices (contact_id, type_id, state, chosen_at)
        SELECT lower(hex(contact_id)), type_id, state, recorded_at FROM ours.ledger ORDER BY contact_id, seq;
        INSERT INTO ledger (contact_id, type_id, event, state, actor, recorded_at)
        SELECT lower(hex(contact_id)), type_id, event, state, actor_kind, recorded_at FROM ours.ledger ORDER BY contact_id, seq;
        DETACH ours;
    """)
    connection.close()


async def fill(url: str) -> None:
    """Make the peer's tables in PostgreSQL from ours, which are in the same database, in the schema `public`.

    `url` is for a role that finds another schema first.
    """
    engine = create_async_engine(_driven(url))
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        for sql in _FROM_OURS:
            await connection.execute(text(sql))
    await engine.dispose()


_FROM_OURS = (
    # What comes from our tables needs no check of its keys, which would take longer than all the rest.
    "SET LOCAL session_replication_role = replica",
    """INSERT INTO contacts (id, role, external_id, email, name, created_at, updated_at)
    SELECT encode(contact_id, 'hex'), role, external_id, email, name, created_at, updated_at FROM public.contacts
    ORDER BY contact_id""",
    """INSERT INTO subscription_types (id, state, consent_type, default_translation, translations, content_types)
    SELECT t.type_id, t.state, t.consent_type,
        (SELECT json_build_object('name', name, 'description', description, 'locale', locale) FROM public.translations w
         WHERE w.workspace_id = t.workspace_id AND w.type_id = t.type_id AND w.locale = t.default_locale),
        (SELECT json_agg(json_build_object('name', name, 'description', description, 'locale', locale))
         FROM public.translations w WHERE w.workspace_id = t.workspace_id AND w.type_id = t.type_id),
        json_build_array(t.channels)
    FROM public.subscription_types t""",
    """INSERT INTO choices (contact_id, type_id, state, chosen_at)
    SELECT encode(contact_id, 'hex'), type_id, state, recorded_at FROM public.ledger ORDER BY contact_id, seq""",
    """INSERT INTO ledger (contact_id, type_id, event, state, actor, recorded_at)
    SELECT encode(contact_id, 'hex'), type_id, event, state, actor_kind, recorded_at FROM public.ledger
    ORDER BY contact_id, seq""",
)


def main() -> None:
    port, database, pool_size = sys.argv[1:]
    engine = engine_on(database, int(pool_size))
    app.state.read = async_sessionmaker(engine, expire_on_commit=False)
    app.state.write = async_sessionmaker(engine.execution_options(immediate=True), expire_on_commit=False)
    serve(app, int(port), lifespan="auto")


if __name__ == "__main__":
    main()
