-- CreateEnum
CREATE TYPE "TokenScope" AS ENUM ('full', 'read-only');

-- CreateEnum
CREATE TYPE "ProjectState" AS ENUM ('absent', 'starting', 'running', 'paused', 'stopping', 'asleep', 'needs-attention');

-- CreateEnum
CREATE TYPE "VersionKind" AS ENUM ('manual', 'auto-save', 'before-load', 'on-stop', 'recovered', 'import', 'fork');

-- CreateEnum
CREATE TYPE "LoadState" AS ENUM ('pending', 'done', 'failed');

-- CreateTable
CREATE TABLE "Installation" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "uuid" UUID NOT NULL,
    "secretKey" BYTEA NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Installation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "User" (
    "id" SERIAL NOT NULL,
    "email" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "passwordHash" TEXT NOT NULL,
    "isAdministrator" BOOLEAN NOT NULL DEFAULT false,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "User_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Session" (
    "id" TEXT NOT NULL,
    "userId" INTEGER NOT NULL,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "userAgent" TEXT,

    CONSTRAINT "Session_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ApiToken" (
    "id" SERIAL NOT NULL,
    "userId" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "digest" TEXT NOT NULL,
    "scope" "TokenScope" NOT NULL DEFAULT 'full',
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "lastUsedAt" TIMESTAMPTZ(3),

    CONSTRAINT "ApiToken_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "UserSettings" (
    "userId" INTEGER NOT NULL,
    "theme" TEXT NOT NULL DEFAULT 'dark',
    "settings" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "UserSettings_pkey" PRIMARY KEY ("userId")
);

-- CreateTable
CREATE TABLE "Project" (
    "id" SERIAL NOT NULL,
    "ownerId" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "state" "ProjectState" NOT NULL DEFAULT 'absent',
    "stateReason" TEXT,
    "containerId" TEXT,
    "runtime" TEXT,
    "workspacePath" TEXT NOT NULL,
    "baseVersion" INTEGER,
    "lastVersion" INTEGER NOT NULL DEFAULT 0,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,
    "deletedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Project_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ProjectSettings" (
    "projectId" INTEGER NOT NULL,
    "settings" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "ProjectSettings_pkey" PRIMARY KEY ("projectId")
);

-- CreateTable
CREATE TABLE "ProjectVersion" (
    "id" SERIAL NOT NULL,
    "projectId" INTEGER NOT NULL,
    "number" INTEGER NOT NULL,
    "message" TEXT NOT NULL DEFAULT '',
    "kind" "VersionKind" NOT NULL,
    "authorId" INTEGER,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "isActive" BOOLEAN NOT NULL DEFAULT false,
    "isPinned" BOOLEAN NOT NULL DEFAULT false,
    "rootTree" BYTEA NOT NULL,
    "rootMtimeNs" BIGINT NOT NULL,
    "files" INTEGER NOT NULL,
    "logicalBytes" BIGINT NOT NULL,
    "storedBytes" BIGINT NOT NULL,
    "durationMs" INTEGER NOT NULL,
    "changedDuringSave" JSONB NOT NULL DEFAULT '[]',
    "skipped" JSONB NOT NULL DEFAULT '[]',
    "requestId" TEXT,

    CONSTRAINT "ProjectVersion_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "StoredObject" (
    "ownerId" INTEGER NOT NULL,
    "id" BYTEA NOT NULL,
    "size" INTEGER NOT NULL,
    "data" BYTEA NOT NULL,
    "entries" BIGINT,
    "files" BIGINT,
    "bytes" BIGINT,
    "depth" INTEGER,

    CONSTRAINT "StoredObject_pkey" PRIMARY KEY ("ownerId","id")
);

-- CreateTable
CREATE TABLE "Load" (
    "id" UUID NOT NULL,
    "projectId" INTEGER NOT NULL,
    "state" "LoadState" NOT NULL DEFAULT 'pending',
    "version" INTEGER NOT NULL,
    "returnTo" INTEGER,
    "isPartial" BOOLEAN NOT NULL DEFAULT false,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finishedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Load_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "Installation_uuid_key" ON "Installation"("uuid");

-- CreateIndex
CREATE UNIQUE INDEX "User_email_key" ON "User"("email");

-- CreateIndex
CREATE INDEX "Session_userId_idx" ON "Session"("userId");

-- CreateIndex
CREATE UNIQUE INDEX "ApiToken_digest_key" ON "ApiToken"("digest");

-- CreateIndex
CREATE INDEX "ApiToken_userId_idx" ON "ApiToken"("userId");

-- CreateIndex
CREATE UNIQUE INDEX "Project_workspacePath_key" ON "Project"("workspacePath");

-- CreateIndex
CREATE INDEX "Project_ownerId_idx" ON "Project"("ownerId");

-- CreateIndex
CREATE INDEX "ProjectVersion_projectId_rootTree_idx" ON "ProjectVersion"("projectId", "rootTree");

-- CreateIndex
CREATE UNIQUE INDEX "ProjectVersion_projectId_number_key" ON "ProjectVersion"("projectId", "number");

-- CreateIndex
CREATE UNIQUE INDEX "ProjectVersion_projectId_requestId_key" ON "ProjectVersion"("projectId", "requestId");

-- CreateIndex
CREATE INDEX "Load_projectId_createdAt_idx" ON "Load"("projectId", "createdAt");

-- AddForeignKey
ALTER TABLE "Session" ADD CONSTRAINT "Session_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ApiToken" ADD CONSTRAINT "ApiToken_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "UserSettings" ADD CONSTRAINT "UserSettings_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Project" ADD CONSTRAINT "Project_ownerId_fkey" FOREIGN KEY ("ownerId") REFERENCES "User"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ProjectSettings" ADD CONSTRAINT "ProjectSettings_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ProjectVersion" ADD CONSTRAINT "ProjectVersion_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ProjectVersion" ADD CONSTRAINT "ProjectVersion_authorId_fkey" FOREIGN KEY ("authorId") REFERENCES "User"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "StoredObject" ADD CONSTRAINT "StoredObject_ownerId_fkey" FOREIGN KEY ("ownerId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Load" ADD CONSTRAINT "Load_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- From here on by hand: rules that Prisma's schema language cannot say.

-- Object bytes are compressed already, and slices of them are read without the rest.
ALTER TABLE "StoredObject" ALTER COLUMN "data" SET STORAGE EXTERNAL;

-- One active version a project; a name is unique among what an owner has not deleted; one load at a time.
CREATE UNIQUE INDEX "ProjectVersion_projectId_isActive_key" ON "ProjectVersion"("projectId") WHERE "isActive";
CREATE UNIQUE INDEX "Project_ownerId_name_key" ON "Project"("ownerId", "name") WHERE "deletedAt" IS NULL;
CREATE UNIQUE INDEX "Load_projectId_state_key" ON "Load"("projectId") WHERE "state" = 'pending';

ALTER TABLE "Installation"
    ADD CONSTRAINT "Installation_one_row" CHECK ("id" = 1),
    ADD CONSTRAINT "Installation_secretKey_length" CHECK (octet_length("secretKey") = 32);

ALTER TABLE "User"
    ADD CONSTRAINT "User_email_lower_case" CHECK ("email" <> '' AND "email" = lower("email")),
    ADD CONSTRAINT "User_name_length" CHECK (char_length("name") BETWEEN 1 AND 100);

-- 43 characters: SHA-256 in base64url. A raw session id or token does not fit.
ALTER TABLE "Session"
    ADD CONSTRAINT "Session_id_digest" CHECK (char_length("id") = 43);

ALTER TABLE "ApiToken"
    ADD CONSTRAINT "ApiToken_digest_length" CHECK (char_length("digest") = 43),
    ADD CONSTRAINT "ApiToken_name_length" CHECK (char_length("name") BETWEEN 1 AND 100);

ALTER TABLE "UserSettings"
    ADD CONSTRAINT "UserSettings_theme_known" CHECK ("theme" IN ('dark', 'light', 'system')),
    ADD CONSTRAINT "UserSettings_settings_object" CHECK (jsonb_typeof("settings") = 'object');

ALTER TABLE "ProjectSettings"
    ADD CONSTRAINT "ProjectSettings_settings_object" CHECK (jsonb_typeof("settings") = 'object');

ALTER TABLE "Project"
    ADD CONSTRAINT "Project_name_form" CHECK (
        char_length("name") BETWEEN 1 AND 100 AND "name" !~ '[@:/]' AND "name" COLLATE "C" !~ '^[0-9]+$'
    ),
    ADD CONSTRAINT "Project_runtime_known" CHECK ("runtime" IN ('docker', 'process')),
    ADD CONSTRAINT "Project_containerId_with_runtime" CHECK ("containerId" IS NULL OR "runtime" IS NOT NULL),
    ADD CONSTRAINT "Project_stateReason_given" CHECK ("state" <> 'needs-attention' OR "stateReason" IS NOT NULL),
    ADD CONSTRAINT "Project_lastVersion_count" CHECK ("lastVersion" >= 0),
    ADD CONSTRAINT "Project_baseVersion_exists" CHECK ("baseVersion" BETWEEN 1 AND "lastVersion");

ALTER TABLE "ProjectVersion"
    ADD CONSTRAINT "ProjectVersion_number_from_one" CHECK ("number" >= 1),
    ADD CONSTRAINT "ProjectVersion_rootTree_sha256" CHECK (octet_length("rootTree") = 32),
    ADD CONSTRAINT "ProjectVersion_totals_count" CHECK (
        "files" >= 0 AND "logicalBytes" >= 0 AND "storedBytes" >= 0 AND "durationMs" >= 0
    ),
    ADD CONSTRAINT "ProjectVersion_lists" CHECK (
        jsonb_typeof("changedDuringSave") = 'array' AND jsonb_typeof("skipped") = 'array'
    );

-- 4 MiB plain; what zstd cannot compress it may lengthen by 1/256.
ALTER TABLE "StoredObject"
    ADD CONSTRAINT "StoredObject_id_sha256" CHECK (octet_length("id") = 32),
    ADD CONSTRAINT "StoredObject_size_limit" CHECK ("size" BETWEEN 0 AND 4194304),
    ADD CONSTRAINT "StoredObject_data_limit" CHECK (octet_length("data") BETWEEN 1 AND 4194304 + 32768),
    ADD CONSTRAINT "StoredObject_totals_together" CHECK (num_nonnulls("entries", "files", "bytes", "depth") IN (0, 4)),
    ADD CONSTRAINT "StoredObject_totals_count" CHECK (
        "entries" >= 0 AND "files" BETWEEN 0 AND "entries" AND "bytes" >= 0 AND "depth" >= 0
    );

ALTER TABLE "Load"
    ADD CONSTRAINT "Load_versions_from_one" CHECK ("version" >= 1 AND ("returnTo" IS NULL OR "returnTo" >= 1)),
    ADD CONSTRAINT "Load_finishedAt_settled" CHECK (("state" = 'pending') = ("finishedAt" IS NULL));

-- A version is immutable: what it is may never change, only what is thought of it.
CREATE FUNCTION "refuse_change_of_version"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'version % of project % is immutable', OLD."number", OLD."projectId";
END
$$;
CREATE TRIGGER "ProjectVersion_immutable"
    BEFORE UPDATE ON "ProjectVersion" FOR EACH ROW
    WHEN (
        (OLD."projectId", OLD."number", OLD."rootTree", OLD."rootMtimeNs", OLD."createdAt")
        IS DISTINCT FROM (NEW."projectId", NEW."number", NEW."rootTree", NEW."rootMtimeNs", NEW."createdAt")
    )
    EXECUTE FUNCTION "refuse_change_of_version"();
