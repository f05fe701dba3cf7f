-- CreateTable
CREATE TABLE "PreviewLink" (
    "id" SERIAL NOT NULL,
    "projectId" INTEGER NOT NULL,
    "port" INTEGER NOT NULL,
    "sharerId" INTEGER NOT NULL,
    "digest" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "PreviewLink_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "PreviewLink_digest_key" ON "PreviewLink"("digest");

-- CreateIndex
CREATE INDEX "PreviewLink_projectId_idx" ON "PreviewLink"("projectId");

-- CreateIndex
CREATE INDEX "PreviewLink_sharerId_idx" ON "PreviewLink"("sharerId");

-- AddForeignKey
ALTER TABLE "PreviewLink" ADD CONSTRAINT "PreviewLink_projectId_fkey" FOREIGN KEY ("projectId") REFERENCES "Project"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "PreviewLink" ADD CONSTRAINT "PreviewLink_sharerId_fkey" FOREIGN KEY ("sharerId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- From here on by hand. 43 characters: SHA-256 in base64url. The link itself does not fit.
ALTER TABLE "PreviewLink"
    ADD CONSTRAINT "PreviewLink_digest_length" CHECK (char_length("digest") = 43),
    ADD CONSTRAINT "PreviewLink_port_range" CHECK ("port" BETWEEN 1 AND 65535);
