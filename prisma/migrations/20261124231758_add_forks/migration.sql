-- AlterTable
ALTER TABLE "Project" ADD COLUMN     "forkedFromId" INTEGER,
ADD COLUMN     "forkedFromVersion" INTEGER;

-- AddForeignKey
ALTER TABLE "Project" ADD CONSTRAINT "Project_forkedFromId_fkey" FOREIGN KEY ("forkedFromId") REFERENCES "Project"("id") ON DELETE SET NULL ON UPDATE CASCADE;
