-- AlterTable
ALTER TABLE "Project" ADD COLUMN     "fullSaveAt" TIMESTAMPTZ(3);
