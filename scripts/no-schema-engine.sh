#!/bin/sh
echo "Prisma's schema engine is not installed here. Use: npm run migration:create, npm run migration:check" >&2
exit 1
