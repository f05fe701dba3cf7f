-- AlterTable
ALTER TABLE "Project" ADD COLUMN     "devContainer" JSONB;
