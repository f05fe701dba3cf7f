-- AlterTable
ALTER TABLE "StoredObject" ADD COLUMN     "checksum" INTEGER;
